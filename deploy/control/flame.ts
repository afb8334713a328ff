import { type CpuProfile, idleName, nameOf, placeOf, type ProfileNode, selfTimes } from './cpuprofile.ts'

interface Frame {
  name: string
  place: string
  /** Microseconds, those of its callees included. */
  total: number
  self: number
  children: Frame[]
}

/** Frames narrower than this part of the whole cannot be seen, and are left out. */
const leastShare = 0.0005

/** A flame graph as one HTML file that needs nothing else. A click on a frame widens it. */
export function flameGraph(profile: CpuProfile, title: string): string {
  const root = frameOf(profile)
  const seconds = (root.total / 1e6).toFixed(2)
  const heading = escape(`${title}: ${seconds} s of work`)
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${heading}</title>
<style>${style}</style>
<h1>${heading}</h1>
<p>Width is time, a callee lies below its caller. Click a frame to widen it, the top one to see all.
<i class="app">app</i> <i class="package">packages</i> <i class="node">Node</i> <i class="v8">V8</i></p>
<main>${render(root, root.total)}</main>
<script>${script}</script>
</html>
`
}

function frameOf(profile: CpuProfile): Frame {
  const times = selfTimes(profile)
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const make = (node: ProfileNode): Frame => {
    const children = (node.children ?? [])
      .flatMap((id) => nodes.get(id) ?? [])
      .filter(({ callFrame }) => callFrame.functionName !== idleName)
      .map(make)
      .sort((a, b) => b.total - a.total)
    const self = times.get(node.id) ?? 0
    const total = children.reduce((sum, child) => sum + child.total, self)
    return { name: nameOf(node.callFrame), place: placeOf(node.callFrame), total, self, children }
  }
  const [root] = profile.nodes
  if (root === undefined) return { name: '(root)', place: '', total: 0, self: 0, children: [] }
  return make(root)
}

function render({ name, place, total, self, children }: Frame, whole: number): string {
  const wide = children.filter((child) => child.total > whole * leastShare)
  const rest = total - wide.reduce((sum, child) => sum + child.total, 0)
  const share = `${((100 * total) / (whole || 1)).toFixed(1)} %, ${((100 * self) / (whole || 1)).toFixed(1)} % itself`
  const label = escape(`${name} ${place}\n${share}`)
  return (
    `<div class="frame ${kindOf(place)}" style="flex-grow:${total}"><b title="${label}">${escape(name)}</b>` +
    `<div>${wide.map((child) => render(child, whole)).join('')}<s style="flex-grow:${rest}"></s></div></div>`
  )
}

function kindOf(place: string): string {
  if (place.startsWith('node:')) return 'node'
  if (place.includes('node_modules/')) return 'package'
  return place === '' ? 'v8' : 'app'
}

function escape(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '')
}

const style = `
body { font: 13px system-ui, sans-serif; margin: 1em }
h1 { font-size: 1.2em }
main, .frame > div { display: flex }
.frame, s { flex: 0 1 0; min-width: 0; overflow: hidden }
.frame.hidden, .hidden { display: none }
b { display: block; font-weight: normal; height: 17px; line-height: 17px; padding: 0 3px; margin: 0 1px 1px 0;
  overflow: hidden; white-space: nowrap; cursor: pointer; border-radius: 2px; color: #000 }
b:hover { outline: 1px solid #000 }
i { padding: 1px 6px; border-radius: 2px; font-style: normal; color: #000 }
i.app, .app > b { background: #ff9f6b } i.package, .package > b { background: #ffd766 }
i.node, .node > b { background: #b7dc8e } i.v8, .v8 > b { background: #d5d5d5 }`

const script = `
document.querySelector('main').addEventListener('click', ({ target }) => {
  if (target.tagName !== 'B') return
  for (const hidden of document.querySelectorAll('.hidden')) hidden.classList.remove('hidden')
  for (let at = target.parentElement; at.tagName !== 'MAIN'; at = at.parentElement)
    for (const other of at.parentElement.children)
      if (other !== at && other.tagName !== 'B') other.classList.add('hidden')
})`
