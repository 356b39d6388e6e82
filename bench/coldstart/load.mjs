/** Evaluates one bundle in this process, which is fresh, and prints the milliseconds. Plain JavaScript: stripping types loads a compiler. */

const [bundle = ''] = process.argv.slice(2)
const began = performance.now()
await import(bundle)
console.log(performance.now() - began)
// A handler's clients and timers may keep the process.
process.exit()
