/** Owns what a service publishes with: events as CloudEvents on a sink, until it is closed. */

import { encodePublished, type PublishedEvent, SpaceshipError } from '@spaceship/core'
import type { EventSink, TraceContext } from '@spaceship/core/ports'

export interface PublishOptions {
  /** Names the fact: publishing it twice under one id is one event. @default random */
  readonly id?: string
  /** Ends the wait: what is not under way yet is not sent. @default it waits until the event is accepted or refused */
  readonly signal?: AbortSignal
  /** Where the publication stands in a trace. @default what the publisher's `trace` says */
  readonly trace?: TraceContext
}

/** Publishes events; see `publisher`. */
export interface Publisher extends AsyncDisposable {
  <Payload, Input, N extends string>(
    event: PublishedEvent<Payload, Input, N>,
    payload: NoInfer<Input>,
    options?: PublishOptions,
  ): Promise<void>
  /** Waits for what is on its way, and then lets go of the client if the publisher has made it. What comes later is refused. */
  close(): Promise<void>
}

/** @param release lets go of what was made for the publisher */
export function publisherOn(sink: EventSink, source: string, release: () => void): Publisher {
  const underWay = new Set<Promise<void>>()
  let closing: Promise<void> | undefined

  const publish = <Payload, Input, N extends string>(
    event: PublishedEvent<Payload, Input, N>,
    payload: Input,
    options: PublishOptions = {},
  ): Promise<void> => {
    const sending = closing === undefined ? send(event, payload, options) : Promise.reject(closedFor(event))
    underWay.add(sending)
    const over = () => void underWay.delete(sending)
    sending.then(over, over)
    return sending
  }

  async function send<Payload, Input, N extends string>(
    event: PublishedEvent<Payload, Input, N>,
    payload: Input,
    { id = crypto.randomUUID(), signal, trace = sink.trace?.() }: PublishOptions,
  ): Promise<void> {
    const record = await encodePublished(event, payload, { id, source, time: new Date(), trace })
    await sink.put([record], signal)
  }

  const close = () => {
    // Whoever published an event is told of it; here it only matters that it is over.
    closing ??= Promise.allSettled(underWay).then(release)
    return closing
  }
  return Object.assign(publish, { close, [Symbol.asyncDispose]: close })
}

function closedFor(event: { readonly name: string }): SpaceshipError {
  return new SpaceshipError('publisher-closed', `'${event?.name}' is not published: its publisher is closed`)
}
