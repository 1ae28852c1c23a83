export const style = `
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b2230; --soft: #5d6779; --line: #e3e7ee;
  --blue: #2f6fde; --orange: #d9822b; --green: #2e9e6b; --violet: #8457c9; --red: #d3423e; --teal: #1b9aaa; --grey: #9aa3b2;
  --good: #e4f5ec; --bad: #fdeceb; --open: #fff4e0 }
@media (prefers-color-scheme: dark) { :root {
  --page: #10141b; --card: #181e28; --text: #e6eaf1; --soft: #94a0b4; --line: #2a3240;
  --blue: #6ba1ff; --orange: #f0a85a; --green: #56c892; --violet: #b491f0; --red: #f2726e; --teal: #4fc3d1; --grey: #76829a;
  --good: #16302a; --bad: #3a1d1f; --open: #382c17 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1240px; margin: 0 auto; padding: 28px 24px 60px }
header { background: var(--card); border-left: 6px solid var(--green); border-radius: 10px; padding: 20px 26px; box-shadow: 0 1px 3px #0001 }
header.violated { border-color: var(--red) }
h1 { margin: 0; font-size: 28px; letter-spacing: -.01em }
header p { margin: 4px 0 12px; color: var(--soft) }
code { background: var(--page); border-radius: 6px; padding: 5px 10px; font: 13px ui-monospace, monospace; overflow-wrap: anywhere }
h2 { font-size: 17px; margin: 34px 0 10px }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 16px 0 }
.tiles div { background: var(--card); border-radius: 10px; padding: 14px 16px; box-shadow: 0 1px 3px #0001 }
.tiles b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; line-height: 1.2 }
.tiles span { display: block } .tiles small { color: var(--soft) }
.verdicts { background: var(--card); border-radius: 10px; overflow: hidden; box-shadow: 0 1px 3px #0001 }
.verdict + .verdict { border-top: 1px solid var(--line) }
details.verdict { padding-bottom: 10px; overflow: hidden } .verdict.violated { background: var(--bad) } .verdict.unknown { background: var(--open) }
.head { display: grid; grid-template-columns: 26px 38px 1fr minmax(0, 34%); gap: 10px; padding: 9px 18px; align-items: baseline; list-style: none }
summary { cursor: pointer }
.sign { color: #fff; background: var(--green); border-radius: 50%; width: 20px; height: 20px; font-size: 12px; line-height: 20px; text-align: center }
.violated .sign { background: var(--red) } .unknown .sign { background: var(--orange) }
.id { font-weight: 600; font-variant-numeric: tabular-nums }
.counts { color: var(--soft); font-size: 13px; text-align: right } .counts b { color: var(--text); font-variant-numeric: tabular-nums; font-weight: 600 }
.times { color: var(--red); font-weight: 600; margin-left: 10px; white-space: nowrap }
.violation, .missing { margin: 4px 18px 4px 92px } .missing { white-space: pre-wrap } time { color: var(--soft); font-size: 13px }
.path { margin: 2px 18px 14px 92px; padding-left: 20px; font: 12.5px/1.6 ui-monospace, monospace; overflow-wrap: anywhere }
figure { position: relative; margin: 0; background: var(--card); border-radius: 10px; padding: 18px 20px; box-shadow: 0 1px 3px #0001; overflow-x: auto }
svg { display: block; width: 100%; min-width: 900px; height: auto }
#when { position: absolute; pointer-events: none; white-space: pre; background: var(--text); color: var(--card); border-radius: 6px; padding: 3px 8px; font: 12px ui-monospace, monospace; margin: 18px 20px }
text { fill: var(--text); font: 11px system-ui, sans-serif } .tick, .unit, .key { fill: var(--soft) } .tick { font-variant-numeric: tabular-nums }
.panel { font-weight: 600; font-size: 13px }
.grid { stroke: var(--line) } .cross { stroke: var(--text); stroke-opacity: .5; pointer-events: none }
.ink-blue { --ink: var(--blue) } .ink-orange { --ink: var(--orange) } .ink-green { --ink: var(--green) } .ink-violet { --ink: var(--violet) }
.ink-red { --ink: var(--red) } .ink-teal { --ink: var(--teal) } .ink-grey { --ink: var(--grey) }
.curve { fill: none; stroke: var(--ink); stroke-width: 1.6; stroke-linejoin: round } .curve:hover { stroke-width: 3 }
.area { fill: var(--ink); fill-opacity: .16 } .bar, .fault { fill: var(--ink) } .fault { fill-opacity: .85 } .fault:hover { fill-opacity: 1 }
.life { fill: var(--green); fill-opacity: .5 } .life.starting { fill-opacity: .2 } .paused { fill: var(--text); fill-opacity: .7 } .death { stroke: var(--ink); stroke-width: 2 }
.phase { fill: var(--grey); fill-opacity: .25 } .phase-quiet, .phase-level { fill: var(--green) } .phase-faults { fill: var(--red) } .phase-healed, .phase-load-ended { fill: var(--blue) }
.phase-name { font-size: 10.5px }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 16px; margin-top: 20px; align-items: start }
table { border-collapse: collapse; width: 100%; background: var(--card); border-radius: 10px; font-size: 13px; box-shadow: 0 1px 3px #0001 }
caption { text-align: left; font-weight: 600; padding: 4px 2px 8px } th, td { text-align: left; padding: 5px 12px; vertical-align: top } th { font-weight: 400; color: var(--soft) } td { text-align: right; overflow-wrap: anywhere }
tr + tr { border-top: 1px solid var(--line) }
`
