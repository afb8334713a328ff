// Runs when there is no sh to run build/install.sh: on Windows. Plain JavaScript, for any Node.
if (process.platform === 'win32') {
  process.stderr.write(
    '\nwarning: builds run on Linux, and this is Windows\n\n' +
      'open this folder in its dev container: .devcontainer/ describes a Linux that builds\n' +
      '(VS Code: "Reopen in Container"; a terminal: npx @devcontainers/cli up --workspace-folder .)\n\n',
  )
} else {
  process.exitCode = 1
}
