/** A handler had not ended when its time was over. */
export class EffectTimedOut extends Error {
  override readonly name = 'EffectTimedOut'

  constructor(milliseconds: number) {
    super(
      `the handler did not end within ${milliseconds} ms: its signal was aborted, and what it does may still happen; ` +
        'have what it waits for end sooner, or give it a longer timeout',
    )
  }
}
