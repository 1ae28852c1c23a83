import { chaosApp } from './chaos-app.js'

// The bank as the command line loads it.
export default chaosApp({ inline: process.env['CHAOS_SEPARATE'] !== 'yes' })
