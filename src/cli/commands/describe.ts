import {
  type AggregateDescription,
  type AppDescription,
  describeApp,
  type FieldDescription,
  type ProjectionDescription,
} from '../../app/description.js'
import { modelOf } from '../../app/app-model.js'
import { schemaPrefixFor } from '../../app/settings.js'
import { loadAppModule } from '../app-module.js'
import type { CommandContext } from '../command-context.js'
import { table } from '../table.js'

/** Shows the app as it is wired, without connecting to anything. */
export async function describe({ terminal, options }: CommandContext): Promise<void> {
  const definition = await loadAppModule(options.app)
  const description = describeApp(modelOf(definition), schemaPrefixFor(definition))
  terminal.answer(description, () => textOf(description))
}

function textOf({ app, schemas, aggregates, projections }: AppDescription): string {
  const wiring = facts([
    ['app', app],
    ['store schema', schemas.store],
    ['read schema', schemas.read],
    ['read models', `views in schema ${schemas.readModels}`],
  ])
  return [wiring, ...aggregates.map(aggregateText), ...projections.map(projectionText)].join('\n\n')
}

function aggregateText({ name, topic, commands, events }: AggregateDescription): string {
  const commandRows = commands.map((it) => [it.name, it.target, it.expect, fieldList(it.fields)])
  const eventRows = events.map((it) => [it.name, fieldList(it.fields)])
  return [
    `aggregate ${name}`,
    facts([['topic', `${topic.name}, ${topic.partitions} partitions, keyed by ${topic.key}`]]),
    indented(table(['COMMAND', 'TARGET', 'EXPECT', 'FIELDS'], commandRows, { plain: false })),
    indented(table(['EVENT', 'FIELDS'], eventRows, { plain: false })),
  ].join('\n')
}

function projectionText(projection: ProjectionDescription): string {
  const { name, version, kind, from, handles, guard, group, table: into } = projection
  const own: [string, string][] =
    into === undefined
      ? [['tables', 'made by its own code']]
      : [
          ['table', `${into.name}, key ${into.key}`],
          ['columns', fieldList(into.columns)],
          ['indexes', into.indexes.map((index) => `(${index.join(', ')})`).join(', ') || 'none'],
        ]
  return [
    `projection ${name}`,
    facts([
      ['kind', kind],
      ['version', String(version)],
      ['from', from.join(', ')],
      ['handles', handles.join(', ')],
      ['guard', guard],
      ['group', group],
      ...own,
    ]),
  ].join('\n')
}

function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return indented(pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n'))
}

function fieldList(fields: readonly FieldDescription[]): string {
  return fields
    .map(({ name, kind, optional, values }) => {
      const type = values === undefined ? kind : `${kind}(${values.join('|')})`
      return `${name} ${type}${optional ? '?' : ''}`
    })
    .join(', ')
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ')
}
