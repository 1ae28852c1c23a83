import { notAClass, type ReportFault } from './decorated-method.js'
import { eventFaults, type EventType, isEventType } from './event.js'

/** The classes of a list of events, by type, each once and without faults of their own. JavaScript may list anything. */
export function listedEvents(listed: unknown, report: ReportFault): ReadonlyMap<string, EventType> {
  const events = new Map<string, EventType>()
  if (!Array.isArray(listed)) {
    report('events must be a list of event classes')
    return events
  }
  for (const [index, event] of (listed as readonly unknown[]).entries()) {
    if (!isEventType(event)) {
      report(`events[${index}] ${notAClass('an event')}`)
    } else if (events.has(event.type)) {
      report(`the event ${event.type} is listed twice`)
    } else {
      eventFaults(event).forEach(report)
      events.set(event.type, event)
    }
  }
  return events
}
