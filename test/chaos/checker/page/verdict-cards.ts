import type { State, Verdict, Violation } from '../verdict.js'
import { element, escaped } from './markup.js'
import { shown } from './scale.js'

const SIGNS: Readonly<Record<State, string>> = { ok: '✓', violated: '✕', unknown: '?' }

/** One line for each invariant; what is wrong opens below it. */
export const verdictCards = (verdicts: readonly Verdict[]): string =>
  element('section', { class: 'verdicts' }, ...verdicts.map(verdictCard))

function verdictCard({ id, promise, state, counts, violations, first, worst, missing }: Verdict): string {
  const said = counts.map(([what, count]) => `<b>${shown(count)}</b> ${escaped(what)}`).join(' · ')
  const details = [
    ...(missing === undefined ? [] : [element('p', { class: 'missing' }, escaped(missing))]),
    ...(first === undefined ? [] : [violation('First', first)]),
    ...(worst === undefined || worst === first ? [] : [violation('Worst', worst)]),
  ]
  const badge = element('span', { class: 'sign', title: state }, SIGNS[state])
  const times =
    violations > 0
      ? element('span', { class: 'times' }, `${shown(violations)} violation${violations === 1 ? '' : 's'}`)
      : ''
  const head = `${badge}<span class="id">${escaped(id)}</span><span class="promise">${escaped(promise)}${times}</span><span class="counts">${said}</span>`
  return details.length === 0
    ? element('div', { class: `verdict ${state}` }, element('div', { class: 'head' }, head))
    : element(
        'details',
        { class: `verdict ${state}`, open: '' },
        element('summary', { class: 'head' }, head),
        ...details,
      )
}

function violation(which: string, { what, at, path }: Violation): string {
  const when = at === undefined ? '' : ` <time>${escaped(new Date(at).toISOString())}</time>`
  const steps = path.map((step) => element('li', {}, escaped(step)))
  return `<p class="violation"><b>${which}:</b> ${escaped(what)}${when}</p>${element('ol', { class: 'path' }, ...steps)}`
}
