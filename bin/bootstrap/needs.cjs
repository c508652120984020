/** What the pinned Node is linked with: the one Debian has does without some of it. */
const node = {
  libatomic1: { programs: [], why: 'is linked into the Node that runs the cloud' },
  'libstdc++6': { programs: [], why: 'is linked into the Node that runs the cloud' },
}

/** What guests and their networks are made with: Debian package, its programs that we run, and what for. */
const machines = {
  'qemu-system-x86': { programs: ['qemu-system-x86_64'], why: 'runs guests' },
  'qemu-utils': { programs: ['qemu-img'], why: 'makes layers of disks' },
  iproute2: { programs: ['ip'], why: 'makes and looks at links' },
  nftables: { programs: ['nft'], why: 'enforces security groups, by its library' },
  'dnsmasq-base': { programs: ['dnsmasq'], why: 'tells guests their addresses' },
  'util-linux': { programs: ['nsenter', 'unshare', 'setpriv', 'mkswap'], why: 'puts guests into namespaces' },
  e2fsprogs: { programs: ['mke2fs', 'debugfs', 'e2fsck'], why: 'makes file systems of images' },
  openssl: { programs: ['openssl'], why: 'makes keys and certificates' },
  'openssh-client': { programs: ['ssh', 'ssh-keygen'], why: 'logs into guests' },
}

const firmware = { ovmf: { programs: [], why: 'is the firmware of disks that boot by UEFI' } }

/** What tests look at guests, networks and the API with. */
const tests = {
  ...firmware,
  awscli: { programs: ['aws'], why: 'is a client of the API' },
  'python3-boto3': { programs: ['python3'], why: 'is a client of the API' },
  s3cmd: { programs: ['s3cmd'], why: 'is a client of the object store' },
  'putty-tools': { programs: ['puttygen'], why: 'reads keys for PuTTY' },
  'busybox-static': { programs: ['busybox'], why: 'asks for addresses as guests do' },
  procps: { programs: ['pgrep'], why: 'finds processes by their arguments' },
  cpio: { programs: ['cpio'], why: 'packs the RAM disk of a guest' },
  'iputils-ping': { programs: ['ping'], why: 'tells who reaches whom' },
  traceroute: { programs: ['traceroute'], why: 'tells by which way' },
  tcpdump: { programs: ['tcpdump'], why: 'sees what is on the wire' },
}

/** What measures networks and disks, and launches the guests that it measures in. */
const measurements = {
  awscli: tests.awscli,
  iperf3: { programs: ['iperf3'], why: 'measures what networks carry' },
  fio: { programs: ['fio'], why: 'measures disks' },
}

/** What few clouds need, installed when it is asked for. */
const onDemand = {
  'debian-image': { mmdebstrap: { programs: ['mmdebstrap'], why: 'installs Debian into an image' } },
  uefi: firmware,
}

/**
 * What is needed for `what`: the API alone, guests too, tests, measurements, or something that is asked for by its name.
 * @param {'api' | 'machines' | 'test' | 'bench' | 'debian-image' | 'uefi'} what
 * @returns {Record<string, { programs: string[], why: string }>}
 */
function needsOf(what) {
  if (onDemand[what]) return onDemand[what]
  if (what === 'api') return node
  return Object.assign({}, node, machines, { test: tests, bench: measurements }[what])
}

module.exports = { needsOf }
