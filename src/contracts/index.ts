/** What others can rely on: how events are written into records, and read back. */
export { readCloudEvent } from './cloud-event.js'
export { foreignEvents, type ReceivedForeignEvent } from './foreign-events.js'
export { jsonEncoding, type JsonEncodingOptions } from './json-encoding.js'
