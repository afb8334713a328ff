'use strict'

const everyMs = 1000
const longestMs = 15_000
const points = 60
const lasting = { kept: 'changes survive a restart of Node', lost: 'changes are lost when Node restarts' }

const byId = (id) => document.getElementById(id)
/** Tables by pool, and rows by pool and backend: cells are changed in place, so that focus and selection stay. */
const tables = new Map()
const rows = new Map()
let waitMs = everyMs

/** Fetches and shows the state, again and again: less often while requests fail, not at all while the page is hidden. */
async function poll() {
  if (document.hidden) return
  try {
    const response = await fetch('/api/backends', { signal: AbortSignal.timeout(5000) })
    if (!response.ok) throw new Error(`HTTP status ${response.status}`)
    show(await response.json())
    byId('away').hidden = true
    waitMs = everyMs
  } catch (error) {
    waitMs = Math.min(waitMs * 2, longestMs)
    byId('away').hidden = false
    byId('away').textContent =
      `The machine does not respond (${error.message}). These figures are out of date; retrying.`
  }
  clearTimeout(poll.timer)
  poll.timer = setTimeout(() => void poll(), waitMs)
}

function show({ pools, hostname, processes, uptime, version, changes }) {
  document.title = byId('hostname').textContent = hostname
  byId('facts').textContent =
    `${processes} ${processes === 1 ? 'process' : 'processes'} · up ${duration(uptime)} · Node ${version} · ${lasting[changes]}`
  byId('empty')?.remove()
  const seen = new Set()
  for (const pool of pools) {
    if (!tables.has(pool.name)) tables.set(pool.name, newTable(pool))
    const body = tables.get(pool.name)
    for (const backend of pool.backends) {
      const key = `${pool.name} ${backend.id}`
      seen.add(key)
      if (!rows.has(key)) rows.set(key, newRow(pool.name, backend, body))
      update(rows.get(key), backend)
    }
  }
  for (const [key, row] of rows) {
    if (seen.has(key)) continue
    row.element.remove()
    rows.delete(key)
  }
}

function newTable({ name, algorithm }) {
  const section = byId('pool').content.cloneNode(true).querySelector('section')
  const small = Object.assign(document.createElement('small'), { textContent: algorithm })
  section.querySelector('h2').append(name, ' ', small)
  for (const part of section.querySelectorAll('.scroll, table')) part.setAttribute('aria-label', name)
  byId('pools').append(section)
  return section.querySelector('tbody')
}

function newRow(pool, { id }, body) {
  const element = byId('backend').content.cloneNode(true).querySelector('tr')
  const [weight, drain] = [element.querySelector('input'), element.querySelector('button')]
  element.querySelector('th').textContent = id
  weight.setAttribute('aria-label', `Weight of ${id}`)
  drain.setAttribute('aria-label', `Drain ${id}`)
  const path = `/api/pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(id)}`
  weight.addEventListener('change', () =>
    change(path, { weight: weight.valueAsNumber }, `Weight of ${id} set to ${weight.value}`),
  )
  drain.addEventListener('click', () => {
    const draining = drain.getAttribute('aria-pressed') !== 'true'
    void change(path, { draining }, draining ? `${id} is draining` : `${id} receives requests again`)
  })
  body.append(element)
  return { element, weight, drain, rates: [], errors: [] }
}

function update({ element, weight, drain, rates, errors }, { state, reason, latency, ...backend }) {
  const set = (cell, text) => {
    const found = element.querySelector(`[data-cell=${cell}]`)
    if (found.textContent !== text) found.textContent = text
  }
  const badge = element.querySelector('.state')
  if (badge.textContent !== state) badge.textContent = state
  badge.dataset.state = state
  badge.title = reason ?? ''
  set('inflight', String(backend.inflight))
  set('rate', backend.rate.toFixed(1))
  for (const name of ['p50', 'p90', 'p99']) set(name, milliseconds(latency[name]))
  set(
    'errors',
    `${(backend.errorRate * 100).toFixed(backend.errorRate > 0 && backend.errorRate < 0.1 ? 2 : 0)} %`,
  )
  set('broken', String(backend.brokenOff))
  if (document.activeElement !== weight) weight.value = String(backend.weight)
  drain.setAttribute('aria-pressed', String(state === 'draining'))
  draw(element.querySelector('.rate'), rates, backend.rate, Math.max(1, ...rates, backend.rate))
  draw(element.querySelector('.errors'), errors, backend.errorRate, 1)
}

/** Appends the newest value at the right end of a line. A line of zeros is not drawn. */
function draw(line, values, newest, highest) {
  values.push(newest)
  if (values.length > points) values.shift()
  const first = points - values.length
  const drawn = values.map((value, index) => `${first + index},${(15 - (value / highest) * 14).toFixed(1)}`)
  line.setAttribute('points', values.some((value) => value > 0) ? drawn.join(' ') : '')
}

async function change(path, body, done) {
  try {
    const response = await fetch(path, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${byId('token').value}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const { error } = await response.json()
    say(error ?? done, !response.ok)
    if (response.status === 401) byId('token').focus()
  } catch (error) {
    say(error.message, true)
  }
  void poll()
}

function say(text, bad) {
  byId('said').textContent = text
  byId('said').classList.toggle('bad', bad)
}

function milliseconds(value) {
  return value === 0 ? '–' : value < 10 ? `${value.toFixed(1)} ms` : `${value.toFixed(0)} ms`
}

function duration(seconds) {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

byId('access').addEventListener('submit', (event) => event.preventDefault())
document.addEventListener('visibilitychange', () => void poll())
void poll()
