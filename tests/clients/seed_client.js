// SPDX-License-Identifier: Apache-2.0
// A client of genuinetools/bpfd's grpc.API on grpc-js.  usage: node seed_client.js SOCKET PROTODIR
// Prints TAP.  Modules come from NODE_PATH.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const [sock, protoDir] = process.argv.slice(2);
const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true, includeDirs: [protoDir] };
const proto = grpc.loadPackageDefinition(loader.loadSync('grpc_api.proto', options));
const api = new proto.grpc.API('unix:' + sock, grpc.credentials.createInsecure());

let n = 0;
let failed = 0;
function check(name, ok, why) {
  n += 1;
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${n} - ${name}` + (ok ? '' : `\n# ${JSON.stringify(why)}`));
}
function call(method, request) {
  return new Promise((resolve, reject) => {
    api[method](request, { deadline: Date.now() + 20000 }, (err, reply) => (err ? reject(err) : resolve(reply)));
  });
}
const failure = (method, request) => call(method, request).then(() => null, (err) => err);

// Runs the probe until an event that is wanted comes; null when none does.
function liveTrace(wanted, ms) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'seed-'));
  const probe = path.join(folder, 'jsprobe');
  fs.symlinkSync('/bin/true', probe);
  return new Promise((resolve) => {
    const stream = api.LiveTrace({}, { deadline: Date.now() + ms });
    const timer = setInterval(() => spawn(probe, ['an argument']), 100);
    const end = (event) => {
      clearInterval(timer);
      stream.cancel();
      setTimeout(() => { fs.rmSync(folder, { recursive: true }); resolve(event); }, 300);
    };
    stream.on('data', (e) => { if (wanted(e)) end(e); });
    stream.on('error', (err) => { if (err.code !== grpc.status.CANCELLED) end(null); });
  });
}

async function main() {
  const rule = { name: 'js-probe', tracer: 'exec', filterEvents: { argv: { values: ['jsprobe'] } }, actions: [] };
  let err = await failure('CreateRule', {});
  check('a rule cannot be nil', err && err.details === 'rule cannot be nil', err);
  err = await failure('CreateRule', { rule: { ...rule, actions: ['nosuch'] } });
  check('an unknown action is refused', err && err.details.startsWith('[js-probe]: nosuch is not a valid action'), err);
  await call('CreateRule', { rule });
  const list = await call('ListRules', {});
  check('the rule is listed', list.rules.some((r) => r.name === 'js-probe' && r.tracer === 'exec'), list);
  const event = await liveTrace((e) => (e.data.argv || '').includes('jsprobe'), 15000);
  check('LiveTrace brings the execution', event !== null, event);
  check('with its process and its parent', event && event.PID > 0 && event.TGID === process.pid, event);
  await call('RemoveRule', { name: 'js-probe', tracer: 'exec' });
  err = await failure('RemoveRule', { name: 'js-probe', tracer: 'exec' });
  check('an unknown rule cannot be removed', err && err.details.includes('no rule'), err);
  console.log(`1..${n}`);
  api.close();
  process.exit(failed ? 1 : 0);
}

main().catch((err) => { console.log(`Bail out! ${err}`); process.exit(1); });
