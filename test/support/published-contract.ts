import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { folderWith } from './cli.js'
import { bundledSource } from './bundled-source.js'

/** Modules as two teams would have them: the producer's domain, the contract that it publishes, and a consuming service. */
export interface PublishedContract {
  readonly folder: string
  /** The bank's domain, and `Reprise`. */
  readonly bank: string
  /** Exports `accounts`, made from the event classes alone. */
  readonly contract: string
  /** Exports `Turnover` and, by default, the service that consumes the contract. */
  readonly service: string
}

/** Writes the modules for a topic; `service` names the consuming service. */
export async function publishContract(topic: string, service: string): Promise<PublishedContract> {
  const library = pathToFileURL(join(await bundledSource(), 'index.js')).href
  const bank = await domain(library)
  const folder = await folderWith({
    'package.json': '{ "type": "module" }',
    'bank.js': `${bank}\nexport { Reprise, defineApp } from '${library}'\n`,
    'contract.js': contractModule(library, topic),
    'service.js': serviceModule(library, service),
    'reprise.config.js': "export { default } from './service.js'\n",
  })
  const url = (file: string): string => pathToFileURL(join(folder, file)).href
  return { folder, bank: url('bank.js'), contract: url('contract.js'), service: url('service.js') }
}

const contractModule = (library: string, topic: string): string => `
import { defineContract } from '${library}'
import { AccountOpened, MoneyDeposited, MoneyWithdrawn } from './bank.js'
export const accounts = defineContract({
  name: 'account',
  topic: '${topic}',
  events: [AccountOpened, MoneyDeposited, MoneyWithdrawn],
})
`

const serviceModule = (library: string, service: string): string =>
  javascript(
    `
import { defineApp, int, long, Projection, Projects, string, TableProjection } from '${library}'
import { AccountOpened, MoneyDeposited, MoneyWithdrawn } from './bank.js'
import { accounts } from './contract.js'
export { Reprise } from '${library}'

@Projection({ name: 'turnover', version: 1, from: [accounts] })
export class Turnover extends TableProjection({
  table: 'turnover',
  key: 'account_id',
  columns: { account_id: string(), turnover: long(0n), events: int(0) },
}) {
  @Projects(AccountOpened)
  opened(event, row) { row.events += 1 }
  @Projects(MoneyDeposited)
  deposited({ amount }, row) { row.turnover += amount; row.events += 1 }
  @Projects(MoneyWithdrawn)
  withdrawn({ amount }, row) { row.turnover -= amount; row.events += 1 }
}

export default defineApp({ name: '${service}', consumes: [accounts], projections: [Turnover] })
`,
  )

/** The bank as JavaScript: Node cannot run decorators. */
async function domain(library: string): Promise<string> {
  const text = await readFile(new URL('./bank.ts', import.meta.url), 'utf8')
  return javascript(text).replace(/from ['"]reprise['"]/, `from '${library}'`)
}

function javascript(text: string): string {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  return outputText
}
