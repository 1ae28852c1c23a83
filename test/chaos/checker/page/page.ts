import { Evidence } from '../evidence.js'
import type { Facts } from '../facts.js'
import type { Report } from '../report.js'
import { chartOf } from './chart.js'
import { element, escaped } from './markup.js'
import { clock, shown } from './scale.js'
import { crosshair } from './script.js'
import { style } from './style.js'
import { verdictCards } from './verdict-cards.js'

/** The report as one page that needs nothing but a browser. */
export function pageOf(report: Report, facts: Facts): string {
  const { run, verdicts, holds } = report
  const title = `Chaos ${run.log} · seed ${run.seed}`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(`${holds ? '✓' : '✕'} ${title}`)}</title><style>${style}</style></head>
<body><main>
${headOf(report)}
${tilesOf(report)}
${verdictCards(verdicts)}
<h2>What happened</h2>
<figure>${chartOf(new Evidence(facts))}<div id="when" hidden></div></figure>
${factsOf(report)}
</main><script>${crosshair}</script></body></html>
`
}

function headOf({ holds, verdicts, run }: Report): string {
  const wrong = verdicts.filter(({ state }) => state === 'violated').map(({ id }) => id)
  const open = verdicts.filter(({ state }) => state === 'unknown').map(({ id }) => id)
  const said = [
    ...(wrong.length === 0 ? [] : [`${wrong.join(', ')} violated`]),
    ...(open.length === 0 ? [] : [`nothing can be said of ${open.join(', ')}`]),
  ].join('; ')
  const about = [
    run.log === 'kafka' ? 'Kafka log' : 'Postgres log',
    `${clock((run.endedAt - run.startedAt) / 1_000)} minutes`,
    `seed ${run.seed}`,
    new Date(run.startedAt).toISOString().slice(0, 16).replace('T', ' '),
    `commit ${run.commit.slice(0, 12)}`,
    ...(run.planted === null ? [] : [`planted fault: ${run.planted}`]),
  ]
  return element(
    'header',
    { class: holds ? 'ok' : 'violated' },
    element('h1', {}, holds ? 'Every invariant holds' : escaped(said)),
    element('p', {}, about.map(escaped).join(' · ')),
    element('code', {}, escaped(run.repro)),
  )
}

function tilesOf({ figures, run }: Report): string {
  const { commands, takeovers, faults, recovery } = figures
  const injected = Object.values(faults).reduce((sum, count) => sum + count, 0)
  const tiles: readonly (readonly [value: string, what: string, more: string])[] = [
    [
      shown(commands.ok),
      'commands acknowledged',
      `${shown(commands.failed)} refused, ${shown(commands.unknown)} unknown`,
    ],
    [
      shown(figures.events),
      'events stored',
      `${shown(figures.records)} records, ${shown(figures.duplicates)} duplicates`,
    ],
    [
      shown(injected),
      'faults',
      `${Object.keys(faults).length} kinds, ${shown(figures.deaths)} processes ended`,
    ],
    [
      shown(takeovers.slots + takeovers.lanes),
      'takeovers',
      `${shown(takeovers.slots)} slots, ${shown(takeovers.lanes)} lanes`,
    ],
    [
      recovery === null ? 'never' : `${shown(recovery / 1_000)} s`,
      'to recover',
      `${shown(run.recoveryLimit / 1_000)} s allowed`,
    ],
    [
      shown(figures.mostBacklog),
      'rows of backlog at the most',
      `the oldest ${shown(figures.oldestBacklog / 1_000)} s old`,
    ],
    [shown(figures.letters), 'letters', 'parked at the end'],
  ]
  const drawn = tiles.map(
    ([value, what, more]) => `<div><b>${value}</b><span>${what}</span><small>${more}</small></div>`,
  )
  return element('section', { class: 'tiles' }, ...drawn)
}

function factsOf({ run, figures }: Report): string {
  const rows = (entries: Readonly<Record<string, string | number>>): string =>
    Object.entries(entries)
      .map(([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`)
      .join('')
  const table = (caption: string, entries: Readonly<Record<string, string | number>>): string =>
    Object.keys(entries).length === 0 ? '' : `<table><caption>${caption}</caption>${rows(entries)}</table>`
  return element(
    'section',
    { class: 'tables' },
    table('Faults by kind', figures.faults),
    table('Had nothing to hit', run.skipped),
    table('Versions', run.versions),
    table('Run', {
      mix: run.mix.join(', '),
      'lease, ms': run.lease,
      databases: run.separateDatabases ? 'two' : 'one',
    }),
  )
}
