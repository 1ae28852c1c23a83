import { RepriseError } from './reprise-error.js'

/** An event is larger than a topic would take. Thrown before anything is stored. Sizes are bytes of JSON. */
export class PayloadTooLarge extends RepriseError {
  constructor(eventType: string, bytes: number, limit: number) {
    super(
      'REPRISE_PAYLOAD_TOO_LARGE',
      `the event ${eventType} has ${bytes} bytes, and ${limit} is the limit: keep large content elsewhere and ` +
        `put a reference to it into the event, or raise REPRISE_MAX_PAYLOAD_BYTES with what the brokers accept`,
      { eventType, bytes, limit },
    )
  }
}
