import { randomInt } from 'node:crypto'
import { join } from 'node:path'
import express, { type Request, type Response, type Router } from 'express'
import { ApiError, apiError } from './api-error.ts'
import type { Account } from './call.ts'
import { dispatch } from './dispatch.ts'
import { failAfter, failBefore } from './fault-http.ts'
import { type IcalOutput, writeIcal } from './ical/write-ical.ts'
import { multirequest } from './multirequest.ts'
import { type Body, BodyTooLarge, readBody } from './wire/body.ts'
import { FileAnswer } from './wire/file-answer.ts'
import { writeJson } from './wire/json.ts'
import { dropFiles, readMultipart } from './wire/multipart.ts'
import type { Result } from './wire/output.ts'
import { type Grouped, mergeParameters, pathParameters } from './wire/parameters.ts'
import { toBool, toText } from './wire/values.ts'
import { writeXml } from './wire/xml.ts'

type Results = Result | ApiError | readonly (Result | ApiError)[]

interface Rendered {
  readonly type: string
  readonly text: string
}

interface RouterOptions {
  readonly account: Account
  readonly icalOutput: IcalOutput
}

const isMultirequest = (parameters: Grouped): boolean => toText(parameters.service).toLowerCase() === 'multirequest'

async function render(
  options: RouterOptions,
  format: string,
  results: Results,
  parameters: Grouped,
  begun: number,
): Promise<Rendered> {
  if (format === 'ical')
    return { type: 'text/calendar; charset=UTF-8', text: await writeIcal(options.account, options.icalOutput, results) }
  if (format === '1') return { type: 'application/json', text: writeJson(results) }
  if (format === '9')
    return { type: 'application/javascript', text: `${callbackIn(parameters)}(${writeJson(results)});` }
  const seconds = (performance.now() - begun) / 1000
  return { type: 'text/xml', text: writeXml(results, { ignoreNull: toBool(parameters.ignoreNull ?? false), seconds }) }
}

/** Only types that no browser runs: what is answered may hold text that others wrote. */
const CHOICES = new Set(['text/plain', 'application/json', 'text/xml', 'application/xml', 'text/calendar'])
const chosenType = (parameters: Grouped): string | null => {
  const asked = toText(parameters['content-type'])
  return CHOICES.has(asked) ? asked : null
}

const callbackIn = (parameters: Grouped): string => {
  const asked = toText(parameters.callback)
  return /^[\w$.]+$/.test(asked) ? asked : 'callback'
}

const FORMATS = new Set(['1', '2', '9', 'ical'])

const bodyOf = (request: Request, uploadDir: string): Promise<Body> =>
  /^multipart\/form-data\b/i.test(request.headers['content-type'] ?? '')
    ? readMultipart(request, join(uploadDir, 'incoming'))
    : readBody(request)

function parametersOf(request: Request, body: Body): Grouped {
  const url = new URL(request.url, 'http://localhost')
  return mergeParameters(body.fields, body.files, url.searchParams, pathParameters(url.pathname))
}

async function answer(options: RouterOptions, parameters: Grouped, response: Response): Promise<void> {
  const begun = performance.now()
  const format = toText(parameters.format ?? '2').toLowerCase()
  if (!FORMATS.has(format)) {
    response.status(200).type('text/plain').send(apiError('UNKNOWN_RESPONSE_FORMAT', format).message)
    return
  }
  if (await failBefore(options.account, parameters, response)) return
  const answers = isMultirequest(parameters)
    ? await multirequest(options.account, parameters)
    : [await dispatch(options.account, parameters)]
  if (answers.some(({ wrote }) => wrote)) options.account.changed()
  const [only] = answers
  if (only?.result instanceof FileAnswer) {
    response.status(200).set('Content-Type', only.result.contentType).send(only.result.text)
    return
  }
  if (failAfter(options.account, parameters, response)) return
  const results = answers.map(({ result }) => result)
  const shown = isMultirequest(parameters) ? results : (results[0] ?? null)
  const rendered = await render(options, format, shown, parameters, begun)
  if (shown instanceof ApiError && shown.code === 'SERVICE_FORBIDDEN') response.set('X-Kaltura', `error-${shown.code}`)
  response
    .status(200)
    .set('X-Me', 'kaldav')
    .set('X-Kaltura-Session', String(randomInt(2 ** 31)))
    .set('Cache-Control', 'no-store')
    .set('X-Content-Type-Options', 'nosniff')
    .type(chosenType(parameters) ?? rendered.type)
    .send(rendered.text)
}

/** Reads the request, answers it, and clears away the files that came with it and were not taken. */
async function handle(options: RouterOptions, request: Request, response: Response): Promise<void> {
  const body = await bodyOf(request, options.account.uploadDir)
  try {
    await answer(options, parametersOf(request, body), response)
  } finally {
    await dropFiles(body.files)
  }
}

/** The API, to be mounted at /api_v3. */
export function kalturaRouter(options: RouterOptions): Router {
  const router = express.Router()
  router.use((request, response, next) => {
    handle(options, request, response).catch(error => {
      if (error instanceof BodyTooLarge)
        response.status(413).type('text/plain').send('The request is larger than 1 MiB')
      else next(error)
    })
  })
  return router
}
