import { describe, expect, it } from 'vitest'
import { defineEffects, type EffectsClass } from 'reprise'
import { effectFingerprint } from '../../src/processes/effect-fingerprint.js'
import { effectsModelOf } from '../../src/processes/read-effects-model.js'
import { Account, MoneyDeposited } from '../support/bank.js'

function fingerprintOf(effectsClass: EffectsClass): string {
  const faults: string[] = []
  const model = effectsModelOf(effectsClass, faults)
  if (model === undefined || faults.length > 0) throw new Error(faults.join())
  return effectFingerprint(model)
}

const act = (): string => 'done'

/** Each call makes a class of its own, with the same text. */
function notes(options: { readonly name?: string; readonly attempts?: number } = {}): EffectsClass {
  class Notes {
    deposited() {
      act()
    }
  }
  return defineEffects(Notes, {
    name: 'notes',
    from: [Account],
    on: { deposited: MoneyDeposited },
    ...options,
  })
}

function otherNotes(): EffectsClass {
  class Notes {
    deposited() {
      this.#send()
    }

    #send() {
      act()
    }
  }
  return defineEffects(Notes, { name: 'notes', from: [Account], on: { deposited: MoneyDeposited } })
}

function inheritedNotes(greeting: 'polite' | 'curt'): EffectsClass {
  class Polite {
    send() {
      return `${act()}, please`
    }
  }
  class Curt {
    send() {
      return act()
    }
  }
  class Notes extends (greeting === 'polite' ? Polite : Curt) {
    deposited() {
      this.send()
    }
  }
  return defineEffects(Notes, { name: 'notes', from: [Account], on: { deposited: MoneyDeposited } })
}

describe('effectFingerprint', () => {
  it('is the same for the same text, whatever is said of tries', () => {
    expect(fingerprintOf(notes())).toMatch(/^[0-9a-f]{64}$/)
    expect(fingerprintOf(notes({ attempts: 3 }))).toBe(fingerprintOf(notes()))
  })

  it('is another one where a handler, what it calls within the class, or what the class extends is', () => {
    const all = [notes(), otherNotes(), inheritedNotes('polite'), inheritedNotes('curt')].map(fingerprintOf)

    expect(new Set(all).size).toBe(4)
  })
})
