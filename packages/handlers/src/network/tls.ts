/** Owns which of Node's codes say that two sides have no TLS in common: nothing of a request was sent then, and no wait mends it. */

/** Of the certificate, by Node and by OpenSSL. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE =
  /^(CERT_|CRL_|UNABLE_TO_|ERROR_IN_C)|SELF_SIGNED_CERT|^INVALID_(CA|PURPOSE)$|^(HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)$/

/** Of the handshake: no version in common, or no TLS on the other side. */
const HANDSHAKE = /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$)/

/** A connection that was fine until then: the request may have arrived. A handshake that takes too long is an outage. */
const LATER = /BAD_RECORD|UNEXPECTED_EOF|HANDSHAKE_TIMEOUT/

/** @param code of `networkCode` */
export function isOfTls(code: string | undefined): boolean {
  return code !== undefined && (CERTIFICATE.test(code) || HANDSHAKE.test(code)) && !LATER.test(code)
}
