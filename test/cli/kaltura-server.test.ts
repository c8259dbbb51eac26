import { once } from 'node:events'
import { expect, test } from 'vitest'
import { start, workplace } from './support/run.ts'

test('kaltura-server: the account alone, the same after a new start, and gone after SIGTERM', async () => {
  const place = workplace()
  const started = async (...args: readonly string[]) => {
    const child = start(place, ['kaltura-server', ...args])
    let out = ''
    for await (const chunk of child.stdout ?? []) {
      out += chunk
      if (/capture device\).*\n/.test(out)) break
    }
    const [, url = '', partnerId = ''] = /service URL +(\S+)\npartner id +(\d+)/.exec(out) ?? []
    const stop = async () => {
      child.kill('SIGTERM')
      const [status] = await once(child, 'exit')
      return status
    }
    return { out, url, partnerId, stop }
  }
  const first = await started('--test', '--ical', 'verbatim')
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200)
  const path = `/api_v3/service/session/action/startWidgetSession/widgetId/_${first.partnerId}/format/1`
  expect(await (await fetch(`${first.url}${path}`)).json()).toMatchObject({ partnerId: Number(first.partnerId) })
  expect(await first.stop()).toBe(0)
  const second = await started()
  expect(second.out.replace(/:\d+/, '')).toBe(first.out.replace(/:\d+/, ''))
  expect(await second.stop()).toBe(0)
})
