import { type CommandInstance, commandTypeOf } from '../core/command.js'
import { DefinitionError, TimedOut } from '../core/errors/index.js'
import type { PreparationModel, PreparationsModel } from './aggregate-model.js'

/** Fetches facts for a command before it is decided. */
export interface PreparingStep {
  /** For people: class and method. */
  readonly name: string
  /** Milliseconds after which it has failed. */
  readonly timeout: number
  /** The signal is aborted when nobody waits for the answer any more. */
  readonly run: (command: CommandInstance, signal: AbortSignal) => Promise<unknown>
}

/** The step of each command that has one, by the command's type. */
export type PreparingSteps = ReadonlyMap<string, PreparingStep>

/**
 * The steps of the classes, each run on the instance that `instanceOf` gives for its class: asked for once per class, now.
 *
 * @throws {@link DefinitionError} when two steps are for one command
 */
export function preparingSteps(
  models: readonly PreparationsModel[],
  instanceOf: (model: PreparationsModel) => object,
): PreparingSteps {
  const steps = new Map<string, PreparingStep>()
  const faults: string[] = []
  for (const model of models) {
    const instance = instanceOf(model)
    for (const preparation of model.steps) {
      const { type } = preparation.command
      const step = stepOf(model, preparation, instance)
      const other = steps.get(type)
      if (other !== undefined) faults.push(`${other.name} and ${step.name} both prepare the command ${type}`)
      steps.set(type, step)
    }
  }
  if (faults.length > 0) throw new DefinitionError(faults)
  return steps
}

/**
 * Runs the steps of the commands side by side, and gives their answers in the order of the commands; undefined for a
 * command without one. The first failure is thrown as it is, and the signals of the others are aborted.
 *
 * @throws {@link TimedOut} when a step takes longer than it may
 */
export async function prepare(
  commands: readonly CommandInstance[],
  steps: PreparingSteps,
): Promise<readonly unknown[]> {
  const abort = new AbortController()
  const answer = async (command: CommandInstance): Promise<unknown> => {
    const step = steps.get(commandTypeOf(command))
    return step && (await runInTime(step, command, abort.signal))
  }
  try {
    return await Promise.all(commands.map(answer))
  } finally {
    abort.abort()
  }
}

function stepOf(
  { preparationsClass }: PreparationsModel,
  { method, timeout, run }: PreparationModel,
  instance: object,
): PreparingStep {
  return {
    name: `${preparationsClass.name}.${method}`,
    timeout,
    run: async (command, signal) => await run.call(instance, command, { signal }),
  }
}

async function runInTime(
  step: PreparingStep,
  command: CommandInstance,
  given: AbortSignal,
): Promise<unknown> {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const inVain = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const type = commandTypeOf(command)
      const error = new TimedOut(`the preparing step ${step.name} of ${type}`, step.timeout, {
        step: step.name,
        command: type,
      })
      reject(error)
      late.abort(error)
    }, step.timeout)
  })
  try {
    return await Promise.race([step.run(command, AbortSignal.any([given, late.signal])), inVain])
  } finally {
    clearTimeout(timer)
  }
}
