// The project's descriptions, read by the tools that others wrote for them.
import {Parser} from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020.js';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import {execFileSync, spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, readdirSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {equal, expect, finish} from './check.mjs';
import {GATEWAY, call} from './gateway.mjs';

const schemas = process.env.SCHEMAS;
const folder = mkdtempSync(`${tmpdir()}/skillgate-documents-`);
const errors = diagnostics => diagnostics.filter(found => found.severity === 0).map(found => `${found.path?.join('.')}: ${found.message}`);

// AsyncAPI: as it is written, as the gateway gives it out, as the command prints it.
const parser = new Parser();
const written = execFileSync(process.env.BINARY, ['asyncapi'], {encoding: 'utf8'});
const served = (await call('GET', '/asyncapi.json')).text;
for (const [name, text, source] of [
  ['schemas/asyncapi.yaml', readFileSync(`${schemas}/asyncapi.yaml`, 'utf8'), `${schemas}/asyncapi.yaml`],
  ['GET /asyncapi.json', served],
  ['skillgate asyncapi', written],
]) {
  const {document, diagnostics} = await parser.parse(text, source && {source});
  equal(`${name} has no errors`, errors(diagnostics), []);
  equal(`${name} describes 16 messages`, document?.components().messages().all().length, 16);
  expect(`${name} names the exchange by its address`, document?.channels().all().every(channel => channel.address() === channel.bindings().get('amqp').value().exchange.name));
}

// OpenAPI.
const openapi = (await call('GET', '/openapi.json')).text;
writeFileSync(`${folder}/openapi.json`, openapi);
const redocly = spawnSync('npx', ['redocly', 'lint', `${folder}/openapi.json`, '--format=json'], {encoding: 'utf8'});
const linted = JSON.parse(redocly.stdout.slice(redocly.stdout.indexOf('{')));
equal('redocly finds no errors', linted.problems.filter(problem => problem.severity === 'error').map(problem => problem.message), []);
writeFileSync(`${folder}/.spectral.yaml`, 'extends: ["spectral:oas"]\n');
const spectral = spawnSync('npx', ['spectral', 'lint', '-r', `${folder}/.spectral.yaml`, '-f', 'json', '-q', `${folder}/openapi.json`], {encoding: 'utf8'});
equal('spectral finds no errors', JSON.parse(spectral.stdout || '[]').filter(found => found.severity === 0).map(found => found.message), []);

// JSON Schemas, each at its own address, in strict mode.
const names = [...readdirSync(schemas), ...readdirSync(`${schemas}/events`).map(name => `events/${name}`)].filter(name => name.endsWith('.json'));
const texts = new Map();
for (const name of names) {
  const answer = await call('GET', `/schemas/${name}`);
  texts.set(name, answer.json);
  equal(`/schemas/${name} is served under its $id`, answer.json?.$id, `/schemas/${name}`);
}
for (const [name, schema] of texts) {
  const Reader = schema.$schema.includes('2020-12') ? Ajv2020 : Ajv;
  const ajv = new Reader({strict: true, allErrors: true});
  addFormats(ajv);
  try {
    for (const [other, text] of texts) if (other !== name) ajv.addSchema(text);
    ajv.compile(schema);
    expect(`ajv takes ${name} in strict mode`, true);
  } catch (problem) {
    expect(`ajv takes ${name} in strict mode`, false, problem.message);
  }
}

// A client in TypeScript, generated, checked by the compiler, and run: a badge as JSON, and a PNG in a form.
execFileSync('npx', ['openapi-typescript', `${folder}/openapi.json`, '-o', 'generated/api.d.ts'], {encoding: 'utf8', stdio: 'pipe'});
const checked = spawnSync('npx', ['tsc', '-p', '.'], {encoding: 'utf8'});
equal('the generated types fit the client', checked.stdout, '');
const {uploads} = await import('./generated/uploads.js');
const {sample, KEY} = await import('./gateway.mjs');
const done = await uploads(GATEWAY, KEY, JSON.parse(sample('valid.json')), new Blob([sample('valid.png')], {type: 'image/png'}));
equal('the TypeScript client uploads a badge and a PNG', done, [201, 201]);
finish('documents');
