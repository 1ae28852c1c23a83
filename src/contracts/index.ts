/** What others can rely on: how events are written into records, and read back. */
export { jsonEncoding, type JsonEncodingOptions } from './json-encoding.js'
