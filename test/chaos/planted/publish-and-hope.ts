import type { PlantedFault } from '../planted.js'

/** What the broker refuses or does not answer counts as published. Any fault of the broker or of the way to it loses events. */
export const publishAndHope: PlantedFault = {
  name: 'publish-and-hope',
  log: 'kafka',
  parts: () => ({
    publisher: (shipped) => ({
      publish: (records) => shipped.publish(records).catch(() => undefined),
      close: () => shipped.close(),
    }),
  }),
  catches: ['I3'],
  mix: ['broker-kill', 'broker-pause', 'cut'],
}
