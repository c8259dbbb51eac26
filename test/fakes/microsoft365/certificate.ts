/** A certificate authority of our own for localhost, made with the machine's openssl once per process. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'

export interface Certificate {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

let made: Certificate | null = null

/** The server's key and certificate; the authority is trusted by this process from then on. */
export function localhost(): Certificate {
  if (made) return made
  const folder = mkdtempSync(join(tmpdir(), 'kaldav-ca-'))
  const file = (name: string) => join(folder, name)
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=kaldav test')
  // As an app's certificate it has to be RSA.
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key.pem', '-out', 'request.pem', '-subj', '/CN=localhost')
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names', '-days', '2']
  openssl('x509', '-req', '-in', 'request.pem', '-out', 'cert.pem', ...signing)
  const read = (name: string) => readFileSync(file(name), 'utf8')
  made = { key: read('key.pem'), cert: read('cert.pem'), ca: read('ca.pem') }
  setDefaultCACertificates([...getCACertificates('default'), made.ca])
  return made
}
