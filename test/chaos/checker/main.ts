import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Evidence } from './evidence.js'
import { pageOf } from './page/page.js'
import { NothingToJudge, readFacts } from './read-facts.js'
import { reportOn } from './report.js'
import { verdictText } from './verdict-text.js'

// node main.js <folder>
// Judges a run by the facts in its folder, and writes report.json and report.html beside them.
// Exit code 0: every invariant holds. 4: one is violated, or facts are missing. 2: there is no run to judge.

const USAGE = 2
const FOUND_DIFFERENCES = 4

async function main(folder: string | undefined): Promise<number> {
  if (folder === undefined) throw new NothingToJudge('say which folder holds the facts of the run')
  const evidence = new Evidence(await readFacts(folder))
  const report = reportOn(evidence)
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`)
  await writeFile(join(folder, 'report.html'), pageOf(report, evidence.facts))
  for (const verdict of report.verdicts) process.stdout.write(`${verdictText(verdict)}\n`)
  process.stdout.write(`\n${report.holds ? 'every invariant holds' : 'NOT every invariant holds'}\n`)
  process.stdout.write(`page: ${join(folder, 'report.html')}\n`)
  if (!report.holds) process.stdout.write(`again: ${report.run.repro}\n`)
  return report.holds ? 0 : FOUND_DIFFERENCES
}

main(process.argv[2]).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof NothingToJudge ? error.message : String((error as Error).stack ?? error)}\n`,
    )
    process.exitCode = error instanceof NothingToJudge ? USAGE : 1
  },
)
