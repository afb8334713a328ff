import { join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { findProgram } from '../../../config/lib/find.ts'
import { dist } from '../../../config/lib/paths.ts'
import {
  backend,
  balancer,
  oneRoute,
  type TestBackend,
  type TestBalancer,
  token,
  until,
} from '../../lib/balancer.ts'

const executablePath = findProgram('chromium')
if (executablePath === undefined) throw new Error('chromium is missing: npm run doctor')
const browser: Browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
t.teardown(() => browser.close())

/** The page of a balancer, and what the browser complained of. */
async function open(
  t: Test,
  lb: TestBalancer,
  options: object = {},
): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage(options)
  t.teardown(() => page.close())
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', ({ message }) => complaints.push(message))
  await page.goto(`${lb.admin}/`)
  await page.locator('tbody tr').first().waitFor()
  return { page, complaints }
}

await t.test('shows live backends; changes them with the token, by keyboard alone', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a, b]))
  const { page, complaints } = await open(t, lb)
  const row = page.locator('tr', { hasText: a.address })
  t.equal(await page.locator('tbody tr').count(), 2)
  t.equal(await row.locator('.state').textContent(), 'up')
  t.match(await page.locator('h2').textContent(), /web.*round-robin/)

  const drain = page.getByRole('button', { name: `Drain ${a.address}` })
  await drain.focus()
  for (let i = 0; i < 20; i++) await lb.text()
  await until('the rate moves', async () => Number(await row.locator('[data-cell=rate]').textContent()) > 0)
  t.ok(
    await drain.evaluate((element) => element === element.ownerDocument.activeElement),
    'the focus stays through updates',
  )

  await page.keyboard.press('Enter')
  await until('the token is asked for', async () =>
    /token/.test((await page.locator('#said').textContent()) ?? ''),
  )
  t.equal((await lb.overview()).pools[0]?.backends[0]?.state, 'up')
  t.ok(await page.getByLabel('Token').evaluate((element) => element === element.ownerDocument.activeElement))
  await page.keyboard.type(token)
  await drain.focus()
  await page.keyboard.press('Space')
  await until('it drains', async () => (await row.locator('.state').textContent()) === 'draining')
  t.equal(await drain.getAttribute('aria-pressed'), 'true')
  t.equal((await lb.overview()).pools[0]?.backends[0]?.state, 'draining')

  const weight = page.getByLabel(`Weight of ${b.address}`)
  await weight.fill('7')
  await weight.press('Enter')
  await until('it weighs more', async () => (await lb.overview()).pools[0]?.backends[1]?.weight === 7)
  await lb.change('POST', '/api/pools/web/backends', { address: '127.0.0.1:1' })
  await until('a new one appears', async () => (await page.locator('tbody tr').count()) === 3)
  t.same(
    complaints.filter((text) => !text.includes('401')),
    [],
  )
  t.notMatch(page.url(), token)
})

/** Answers whose figures are known: of ten, six at once, three after 100 ms and one after 700 ms; four are a 503. */
function measured(count: number): { status: number; ms: number } {
  const nth = count % 10
  return { status: nth % 5 < 2 ? 503 : 200, ms: nth === 9 ? 700 : nth > 5 ? 100 : 0 }
}

function shown(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
}

await t.test('shows the figures of the API, and they are correct', async (t) => {
  const a: TestBackend = await backend(t, (_request, response) => {
    const { status, ms } = measured(a.count - 1)
    setTimeout(() => response.writeHead(status).end(), ms)
  })
  const idle = await backend(t)
  const config = oneRoute([a], { retries: 0, ejection: { failures: 0 } })
  const lb = await balancer(t, {
    ...config,
    // Names that could be taken for parts of each other.
    pools: {
      ...(config as { pools: object }).pools,
      'web-name': { backends: [{ address: idle.address }], health: { kind: 'none' } },
    },
  })
  const { page } = await open(t, lb)
  const took: number[] = []
  for (let i = 0; i < 40; i++) {
    const started = performance.now()
    await lb.text()
    took.push(performance.now() - started)
  }
  const region = page.getByRole('region', { name: 'web', exact: true })
  const cell = async (name: string): Promise<string> =>
    (await region.locator(`[data-cell=${name}]`).textContent()) ?? ''
  await until('it shows the errors', async () => (await cell('errors')) === '40 %')
  const { errorRate, latency, requests } = (await lb.overview()).pools[0]?.backends[0] ?? {}
  t.match({ errorRate, requests }, { errorRate: 0.4, requests: 40 })
  const { p50 = 0, p90 = 0, p99 = 0 } = latency ?? {}
  // A client never measures less; the API rounds up to a step of its histogram.
  const sorted = took.toSorted((one, other) => one - other)
  const most = (share: number): number => 1.25 * (sorted[Math.floor(share * sorted.length)] ?? 0)
  t.ok(p50 <= most(0.5) && p90 >= 100 && p90 <= most(0.9) && p99 >= 700, JSON.stringify({ latency, sorted }))
  t.same([await cell('p50'), await cell('p90'), await cell('p99')], [p50, p90, p99].map(shown))
  const drawn = await region.locator('.errors').getAttribute('points')
  t.ok(drawn?.endsWith(' 59,9.4'), `of 14 units that are 100 %, 40 % are drawn: ${drawn}`)
  const other = page.getByRole('region', { name: 'web-name' })
  t.equal(await other.locator('tbody tr').count(), 1)
  t.equal(await other.locator('.errors').getAttribute('points'), '')
})

/** A backend's row as Chromium tells a screen reader of it. */
function row({ address }: TestBackend, state: string, pressed: string): string[] {
  return [
    `      - row "${address} ${state} 0 0.0 – – – 0 % 0 Drain ${address}":`,
    `        - rowheader "${address}"`,
    `        - cell "${state}"`,
    ...['"0"', '"0.0"', '', '"–"', '"–"', '"–"', '"0 %"', '"0"'].map((cell) =>
      `        - cell ${cell}`.trimEnd(),
    ),
    '        - cell:',
    `          - spinbutton "Weight of ${address}": "1"`,
    `        - cell "Drain ${address}":`,
    `          - button "Drain ${address}"${pressed}: Drain`,
  ]
}

await t.test('announces changes to screen readers', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const lb = await balancer(t, oneRoute([a, b]))
  await lb.change('PATCH', `/api/pools/web/backends/${b.address}`, { draining: true })
  const { page } = await open(t, lb)
  const columns = [
    'Backend',
    'State',
    'In flight',
    'Requests/s',
    'Last minute',
    'p50',
    'p90',
    'p99',
    'Errors',
    'Broken off',
  ]
  const told = [
    '- heading "web round-robin" [level=2]',
    '- region "web":',
    '  - table "web":',
    '    - rowgroup:',
    `      - row "${columns.join(' ')} Weight Drain":`,
    ...[...columns, 'Weight', 'Drain'].map((name) => `        - columnheader "${name}"`),
    '    - rowgroup:',
    ...row(a, 'up', ''),
    ...row(b, 'draining', ' [pressed]'),
  ]
  t.equal(await page.getByRole('main').ariaSnapshot(), `- main:\n  ${told.join('\n  ')}`)
  t.match(
    await page.getByRole('banner').ariaSnapshot(),
    /heading ".+" \[level=1\]\n.*1 process · up \d+ s · Node .* · changes are lost when Node restarts\n.*\n.*textbox "Token"/,
  )
  await page.route('**/api/backends', (route) => route.abort())
  await page.getByRole('alert').filter({ hasText: 'does not respond' }).waitFor()
  await page.getByRole('button', { name: `Drain ${a.address}` }).press('Enter')
  await page.getByRole('status').filter({ hasText: 'the token is missing or invalid' }).waitFor()
})

await t.test('the Tab key visits every control in visual order', async (t) => {
  const [a, b] = [await backend(t), await backend(t)]
  const { page } = await open(t, await balancer(t, oneRoute([a, b])))
  const reached: string[] = []
  for (let i = 0; i < 6; i++) {
    await page.keyboard.press('Tab')
    const element = page.locator(':focus')
    reached.push((await element.getAttribute('aria-label')) ?? (await element.getAttribute('id')) ?? '')
    t.not(await element.evaluate((each) => getComputedStyle(each).outlineStyle), 'none')
  }
  const each = [a, b].flatMap(({ address }) => [`Weight of ${address}`, `Drain ${address}`])
  t.same(reached, ['token', 'web', ...each])
})

await t.test('reports when the machine stops responding, and when it responds again', async (t) => {
  const a = await backend(t)
  const lb = await balancer(t, oneRoute([a]))
  const { page } = await open(t, lb)
  await page.route('**/api/backends', (route) => route.abort())
  await page.locator('#away').waitFor({ state: 'visible' })
  t.match(await page.locator('#away').textContent(), /does not respond/)
  await page.unroute('**/api/backends')
  await page.locator('#away').waitFor({ state: 'hidden' })
})

/** Contrast of text and its ground (WCAG 2.2), for every element with text of its own; the page's own code. */
function lowContrast(): string[] {
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- the browser gets this function alone
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const value = Number(part) / 255
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const ground = (element: Element | null): string => {
    if (element === null) return 'rgb(255, 255, 255)'
    const { backgroundColor } = getComputedStyle(element)
    return backgroundColor === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : backgroundColor
  }
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== '')
    if (!own || !element.checkVisibility() || element.tagName === 'SCRIPT') return []
    const [one, other] = [luminance(getComputedStyle(element).color), luminance(ground(element))]
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)
    return ratio < 4.5 ? [`${element.tagName} ${element.textContent}: ${ratio.toFixed(2)}`] : []
  })
}

for (const colorScheme of ['light', 'dark'] as const) {
  await t.test(`${colorScheme}: legible, labelled, and fits a phone`, async (t) => {
    const a: TestBackend = await backend(t, (_request, response) => {
      response.writeHead(a.count % 5 === 0 ? 503 : 200).end()
    })
    const b = await backend(t)
    const lb = await balancer(t, oneRoute([a, b]))
    await lb.change('PATCH', `/api/pools/web/backends/${b.address}`, { draining: true })
    const { page, complaints } = await open(t, lb, { colorScheme, viewport: { width: 1100, height: 420 } })
    const drawn = async (line: string): Promise<string> =>
      (await page.locator(line).first().getAttribute('points')) ?? ''
    await until('all is drawn', async () => {
      for (let i = 0; i < 10; i++) await lb.text()
      return (await drawn('.rate')).split(' ').length > 4 && (await drawn('.errors')).endsWith(' 59,12.2')
    })
    t.same(await page.evaluate(lowContrast), [])
    const unnamed = await page.evaluate(
      () =>
        [...document.querySelectorAll<HTMLInputElement>('input')].filter(
          (input) => !input.ariaLabel && input.labels?.length === 0,
        ).length,
    )
    t.equal(unnamed, 0)
    t.equal(await page.getByRole('columnheader').count(), 12)
    t.equal(await page.getByRole('rowheader').count(), 2)
    const cut = await page.evaluate(() => {
      const { scrollWidth, clientWidth } = document.querySelector('.scroll') ?? document.body
      return scrollWidth - clientWidth
    })
    t.equal(cut, 0, 'the table shows all of its columns')
    await page.screenshot({ path: join(dist, `admin-${colorScheme}.png`) })
    await page.setViewportSize({ width: 360, height: 640 })
    t.ok(
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
      'only tables scroll sideways',
    )
    t.same(complaints, [])
  })
}
