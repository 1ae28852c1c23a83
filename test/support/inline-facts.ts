import { readFile } from 'node:fs/promises'
import { type App, CommandRejected } from 'reprise'
import ts from 'typescript'
import { expect } from 'vitest'
import { Join, Move, QuitClub } from './inline-members.js'
import { type ModuleProcess, startModuleProcess } from './module-process.js'
import { ask, Reader } from './read-side.js'

/** What the inline read models hold, or would if they were folded from the store without the framework. */
export interface InlineRows {
  readonly emails: readonly unknown[]
  readonly profiles: readonly unknown[]
  readonly kinds: readonly unknown[]
}

const SHOWN = `
SELECT (SELECT coalesce(json_agg(e ORDER BY member_id), '[]') FROM club.emails e) AS emails,
       (SELECT coalesce(json_agg(p ORDER BY member_id), '[]') FROM club.profiles p) AS profiles,
       (SELECT coalesce(json_agg(k ORDER BY kind), '[]') FROM club.kinds k) AS kinds`

const FOLDED = `
WITH last AS (
  SELECT stream_id AS member_id, (array_agg(payload->>'email' ORDER BY version DESC) FILTER (WHERE payload ? 'email'))[1] AS email,
         count(*) AS events, bool_or(type = 'Quit') AS quit
  FROM reprise_store.events GROUP BY stream_id
), kinds AS (
  SELECT CASE WHEN payload ? 'email' THEN 'with an e-mail' ELSE 'without' END AS kind, count(*) AS events
  FROM reprise_store.events GROUP BY 1
)
SELECT (SELECT coalesce(json_agg(json_build_object('member_id', member_id, 'email', email) ORDER BY member_id), '[]')
        FROM last WHERE NOT quit) AS emails,
       (SELECT coalesce(json_agg(json_build_object('member_id', member_id, 'email', email, 'events', events)
                                 ORDER BY member_id), '[]') FROM last WHERE NOT quit) AS profiles,
       (SELECT coalesce(json_agg(json_build_object('kind', kind, 'events', events) ORDER BY kind), '[]')
        FROM kinds) AS kinds`

/** Both as one snapshot has them: they are never apart, not even between two commits. */
export async function expectInlineToEqualTheStore(url: string): Promise<void> {
  await using reader = await Reader.open(url, 'a comparer')
  await reader.rows('BEGIN ISOLATION LEVEL REPEATABLE READ')
  const shown = await reader.one<Record<string, unknown>>(SHOWN)
  expect(shown).toEqual(await reader.one<Record<string, unknown>>(FOLDED))
  await reader.rows('COMMIT')
}

/** Which generations of a projection there are, and which one appends write beside the live one. */
export async function generationsOf(url: string, projection: string): Promise<unknown> {
  const [row] = await ask(
    url,
    `SELECT live_generation AS live, building_generation AS building,
            nullif(level_generation, live_generation) AS level,
            (SELECT array_agg(generation ORDER BY generation) FROM reprise_read.generations WHERE projection = name) AS "all"
     FROM reprise_read.projections WHERE name = $1`,
    [projection],
  )
  return row
}

/** Members that join, move and quit, until told to end. Every failure but a rejection ends it. */
export class MemberLoad {
  readonly #app: App
  readonly #prefix: string
  readonly #competing: boolean
  readonly #workers: readonly Promise<void>[]
  readonly waits: number[] = []
  #ending = false
  #rejected = 0

  /** `competing`: some want the same e-mails, which only inline projections keep unique. */
  constructor(app: App, workers = 4, prefix = 'load', competing = true) {
    this.#app = app
    this.#competing = competing
    this.#prefix = prefix
    this.#workers = Array.from({ length: workers }, (_, worker) => this.#work(worker))
    // Whoever ends it is told.
    for (const worker of this.#workers) worker.catch(() => undefined)
  }

  /** Commands that a taken e-mail had refused. */
  get rejected(): number {
    return this.#rejected
  }

  /** Resolves with how many commands were accepted. */
  async end(): Promise<number> {
    this.#ending = true
    await Promise.all(this.#workers)
    return this.waits.length
  }

  async #work(worker: number): Promise<void> {
    for (let turn = 0; !this.#ending; turn++) {
      const memberId = `${this.#prefix}-${worker}-${Math.floor(turn / 4)}`
      const email =
        this.#competing && turn % 4 === 2
          ? `wanted-${turn % 5}@example.org`
          : `${memberId}-${turn}@example.org`
      const command =
        turn % 4 === 0
          ? new Join({ memberId, email })
          : turn % 4 === 3 && turn % 8 === 3
            ? new QuitClub({ memberId })
            : new Move({ memberId, email })
      const began = performance.now()
      try {
        await this.#app.execute(command)
        this.waits.push(performance.now() - began)
      } catch (error) {
        if (!(error instanceof CommandRejected)) throw error
        this.#rejected++
      }
    }
  }
}

/** A process for code that may use everything of the domain, and `Reprise`, by name. */
export async function startMembersProcess(
  code: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ModuleProcess> {
  const text = await readFile(new URL('./inline-members.ts', import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  const domain = outputText.replace(/from ['"]reprise['"]/, "from '$src/index.js'")
  return startModuleProcess(`import { Reprise } from '$src/index.js'\n${domain}\n${code}`, environment)
}
