import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { artefactPath, loadRelease } from '../../../deploy/release/dist.ts'

function dist(t: Test, content = 'bytes', noted = content): string {
  const sha256 = createHash('sha256').update(noted).digest('hex')
  const artefacts = [{ name: 'app', path: 'app.erofs', bytes: noted.length, sha256 }]
  return t.testdir({ 'app.erofs': content, 'manifest.json': JSON.stringify({ artefacts }) })
}

await t.test('a build that is whole', async (t) => {
  const folder = dist(t)
  const release = await loadRelease(folder)
  t.equal(artefactPath(release, 'app'), `${folder}/app.erofs`)
  t.throws(() => artefactPath(release, 'runtime'), {
    message: "the build in dist/ has no artefact 'runtime'",
    hint: 'npm run build',
  })
})

await t.test('no build, a changed file of the same size, a shorter and a missing one', async (t) => {
  await t.rejects(loadRelease(t.testdir()), { message: 'there is no build in dist/', hint: 'npm run build' })
  await t.rejects(loadRelease(dist(t, 'bytez', 'bytes')), /app\.erofs was changed after the build/)
  await t.rejects(loadRelease(dist(t, 'byte', 'bytes')), /app\.erofs was changed after the build/)
  const gone = t.testdir({
    'manifest.json': JSON.stringify({ artefacts: [{ path: 'app.erofs', bytes: 1, sha256: '' }] }),
  })
  await t.rejects(loadRelease(gone), /app\.erofs is missing/)
})
