import type { ProjectionParts } from './projection-feed.js'

/** What accepting this build for the live generation would mean. */
export interface AcceptancePlan {
  readonly projection: string
  readonly generation: number
  /** Of this build's definition. */
  readonly fingerprint: string
  /** The event types that it handles and the generation was built without. */
  readonly grown: readonly string[]
  /** Whether the text of its key function is another one. */
  readonly otherKeyText: boolean
  /** The last earlier generation that it fed, of a build that does not feed the live one; else null. */
  readonly earlier: number | null
  /** Whether it may feed the generation already, so that nothing would change. */
  readonly isAdmitted: boolean
}

export interface AcceptOptions {
  /** Who decided it, for the audit log. */
  readonly by: string
  /** Awaited before anything is changed: what it throws ends it there. */
  readonly onPlan?: (plan: AcceptancePlan) => void | Promise<void>
}

export interface AcceptanceResult {
  readonly projection: string
  readonly generation: number
  readonly fingerprint: string
  /** Whether anything was. */
  readonly changed: boolean
}

/** Lets this build feed a live generation that it would not feed by itself. */
export interface Acceptance {
  /**
   * Changes nothing.
   *
   * @throws {@link BuildRefused} where the build cannot be accepted: only a rebuild can bring it
   */
  plan(): Promise<AcceptancePlan>

  /**
   * As planned, and written into the audit log. Where event types were added, builds that lack them feed it no more from
   * then on.
   *
   * @throws {@link BuildRefused} as {@link plan}, and when another generation is live by now
   */
  accept(plan: AcceptancePlan, by: string): Promise<void>
}

/** @throws {@link BuildRefused} where this build cannot be accepted for the live generation */
export async function acceptBuild<Tx>(
  { acceptance }: Pick<ProjectionParts<Tx>, 'acceptance'>,
  { by, onPlan }: AcceptOptions,
): Promise<AcceptanceResult> {
  const plan = await acceptance.plan()
  await onPlan?.(plan)
  const { projection, generation, fingerprint, isAdmitted } = plan
  if (!isAdmitted) await acceptance.accept(plan, by)
  return { projection, generation, fingerprint, changed: !isAdmitted }
}
