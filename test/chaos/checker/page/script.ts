/** A line under the pointer through all panels, with the time at its foot. */
export const crosshair = `
const chart = document.getElementById('chart'), cross = document.getElementById('cross'), when = document.getElementById('when')
const of = (name) => Number(chart.dataset[name])
chart.addEventListener('pointermove', (event) => {
  const box = chart.getBoundingClientRect()
  const x = (event.clientX - box.left) * of('width') / box.width
  const share = (x - of('left')) / (of('width') - of('left') - of('right'))
  if (share < 0 || share > 1) return leave()
  const at = of('from') + share * (of('to') - of('from')), seconds = (at - of('from')) / 1000
  cross.setAttribute('x1', x); cross.setAttribute('x2', x)
  when.textContent = Math.floor(seconds / 60) + ':' + (seconds % 60).toFixed(1).padStart(4, '0') + '   ' + new Date(at).toISOString().slice(11, 23)
  when.style.left = Math.min(event.clientX - box.left + 12, box.width - 150) + 'px'
  when.style.top = (event.clientY - box.top + 14) + 'px'
  when.hidden = false
})
const leave = () => { cross.setAttribute('x1', -9); cross.setAttribute('x2', -9); when.hidden = true }
chart.addEventListener('pointerleave', leave)
`
