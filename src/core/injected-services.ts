import type { ReportFault } from './decorated-method.js'
import type { AnyClass } from './definition-metadata.js'
import type { ServiceToken } from './service-token.js'

/** The services that a class lists in `inject`, for its constructor's parameters in order. JavaScript may list anything. */
export function injectedServices(
  definedClass: AnyClass,
  inject: unknown,
  report: ReportFault,
): readonly ServiceToken[] {
  const listed: unknown = inject ?? []
  if (!Array.isArray(listed)) {
    report('inject must be a list of tokens')
    return []
  }
  const tokens = listed as readonly unknown[]
  for (const [index, token] of tokens.entries()) {
    if (!isToken(token)) {
      report(
        `inject[${index}] must be a string, a symbol or a class (undefined if its file imports this one)`,
      )
    }
  }
  // Counts up to the first parameter with a default: more may be listed, never fewer.
  if (tokens.length < definedClass.length) {
    report(`its constructor takes ${definedClass.length} services, and inject lists ${tokens.length}`)
  }
  return tokens.filter(isToken)
}

function isToken(token: unknown): token is ServiceToken {
  return typeof token === 'string' || typeof token === 'symbol' || typeof token === 'function'
}
