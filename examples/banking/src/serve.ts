import { Reprise, stopOnSignals, type StartOptions } from 'reprise'
import app from './app.js'
import type { Progress } from './progress.js'
import { surroundingsText } from './report.js'

/** Does what the roles of this process are until a signal asks it to end, which ends the process. */
export async function serve(options: StartOptions, progress: Progress): Promise<never> {
  progress.say('starting …')
  const starting = Reprise.start(app, options)
  stopOnSignals(
    { stop: async (how) => (await starting).stop(how) },
    { onSignal: () => progress.say('stopping when what is under way is done; Ctrl-C again ends at once') },
  )
  const bank = await starting
  const { roles, health } = bank.surroundings
  progress.say(surroundingsText(bank.surroundings))
  if (health !== undefined) progress.say(`health at ${health}/readyz`)
  progress.say(`serving ${roles.join(', ')} until Ctrl-C`)
  // A role that has nothing to do of its own keeps no process alive, nor does waiting for a signal.
  setInterval(() => undefined, 60_000)
  return new Promise(() => undefined)
}
