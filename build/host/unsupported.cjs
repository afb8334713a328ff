// Plain JavaScript, so that any Node can run it: reports an unsupported host before Node fails on TypeScript.
// With --build it ends every such attempt; without, it stands in for build/install.sh on Windows, which has no sh.
const building = process.argv[2] === '--build'
const name = { darwin: 'macOS', win32: 'Windows' }[process.platform]

if (name !== undefined && (building || name === 'Windows')) {
  process.stderr.write(
    `\n${building ? 'error' : 'warning'}: builds need Linux, and this host runs ${name}\n\n` +
      'open the repository in its dev container (.devcontainer/), which has everything that builds need\n' +
      '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)\n\n',
  )
  if (building) process.exitCode = 1
} else if (!building) {
  process.exitCode = 1
} else if (!process.features.typescript) {
  process.stderr.write(
    `\nerror: Node ${process.versions.node} cannot run builds: use the Node that npm install adds\n\n  npm install\n\n`,
  )
  process.exitCode = 1
}
