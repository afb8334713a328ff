import t from 'tap'
import { installCommand, parseOsRelease } from '../../../build/host/distribution.ts'

const releases = {
  debian: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nID=debian\n',
  ubuntu: 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\nID_LIKE=debian\n',
  mint: 'NAME="Linux Mint"\nID=linuxmint\nID_LIKE="ubuntu debian"\n',
  fedora: 'NAME="Fedora Linux"\nID=fedora\n',
  rocky: 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
  arch: 'NAME="Arch Linux"\nID=arch\n',
  manjaro: 'NAME="Manjaro Linux"\nID=manjaro\nID_LIKE=arch\n',
  alpine: 'NAME="Alpine Linux"\nID=alpine\n',
  leap: 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
  nixos: 'PRETTY_NAME="NixOS 24.11"\nID=nixos\nID_LIKE=""\n',
}

await t.test('knows the package manager by ID, then by ID_LIKE', async (t) => {
  const managers = Object.fromEntries(
    Object.entries(releases).map(([name, text]) => [name, parseOsRelease(text).manager]),
  )
  t.strictSame(managers, {
    debian: 'apt',
    ubuntu: 'apt',
    mint: 'apt',
    fedora: 'dnf',
    rocky: 'dnf',
    arch: 'pacman',
    manjaro: 'pacman',
    alpine: 'apk',
    leap: 'zypper',
    nixos: undefined,
  })
})

await t.test('names the distribution for people', async (t) => {
  t.equal(parseOsRelease(releases.debian).name, 'Debian GNU/Linux 12 (bookworm)')
  t.equal(parseOsRelease(releases.alpine).name, 'Alpine Linux')
  t.strictSame(parseOsRelease(''), { name: 'an unknown distribution', manager: undefined })
})

await t.test('writes the line to paste', async (t) => {
  const packages = ['bc', 'bison']
  t.equal(
    installCommand('apt', packages, false),
    'sudo apt-get update && sudo apt-get install -y --no-install-recommends bc bison',
  )
  t.equal(
    installCommand('apt', packages, true),
    'apt-get update && apt-get install -y --no-install-recommends bc bison',
  )
  t.equal(installCommand('dnf', packages, false), 'sudo dnf install -y bc bison')
  t.equal(installCommand('pacman', packages, false), 'sudo pacman -S --needed --noconfirm bc bison')
  t.equal(installCommand('apk', packages, true), 'apk add bc bison')
  t.equal(installCommand('zypper', packages, false), 'sudo zypper --non-interactive install bc bison')
})
