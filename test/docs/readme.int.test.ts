import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'
import * as reprise from '../../src/index.js'
import { useDatabase } from '../support/database.js'
import { startModuleProcess } from '../support/module-process.js'
import { rmSync } from 'node:fs'

const repository = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(`${repository}README.md`, 'utf8')
const [example = '', ...more] = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code ?? '')

/** Beside the tests, where the repository's own settings hold. */
const exampleFile = `${repository}test/docs/readme-example.generated.ts`

const database = useDatabase()

describe('README', () => {
  afterAll(() => rmSync(exampleFile, { force: true }))

  it('has examples that compile under the strict settings', () => {
    const imports = `import type { Kysely } from 'kysely'\nimport { type Delivery, SqlProjection } from 'reprise'\n`
    writeFileSync(exampleFile, [imports, example, ...more, 'export { Statements }\n'].join('\n'))
    const { config } = ts.readConfigFile(`${repository}tsconfig.json`, ts.sys.readFile) as { config: unknown }
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, repository)
    const diagnostics = ts.getPreEmitDiagnostics(ts.createProgram([exampleFile], options))

    expect(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual(
      [],
    )
  })

  it('has an example that prints what it says', async () => {
    const { outputText } = ts.transpileModule(example.replace("from 'reprise'", "from '$src/index.js'"), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        experimentalDecorators: true,
      },
    })
    const process = await startModuleProcess(outputText, {
      DATABASE_URL: database.url,
      KAFKA_BROKERS: '',
      LOG_LEVEL: 'warn',
    })
    const printed = await process.nextLine()

    expect(readme).toContain(`prints \`${printed}\``)
    expect(await process.ended).toBe(0)
  })

  it('names every error that the package exports, with its code, and no other', () => {
    const codes = [...readme.matchAll(/`(REPRISE_[A-Z_]+)`/g)].map(([, code]) => code)
    const known: readonly string[] = reprise.errorCodes

    expect(known.filter((code) => !codes.includes(code))).toEqual([])
    const classes = Object.entries(reprise).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof reprise.RepriseError,
    )
    expect(classes.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })
})
