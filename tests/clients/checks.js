// SPDX-License-Identifier: Apache-2.0
// What the clients on grpc-js have in common: services from proto files, calls, TAP.
'use strict';
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

// The packages of a proto file in protoDir.
function open(protoDir, file) {
  const options = { keepCase: true, longs: Number, enums: String, defaults: true, oneofs: true, includeDirs: [protoDir] };
  return grpc.loadPackageDefinition(loader.loadSync(file, options));
}

// call(method, request) of a client, which ends in a reply or throws, and failure(), which ends in
// the error that the call must have, or null.
function calls(client) {
  const call = (method, request) => new Promise((resolve, reject) => {
    client[method](request, { deadline: Date.now() + 20000 }, (err, reply) => (err ? reject(err) : resolve(reply)));
  });
  return { call, failure: (method, request) => call(method, request).then(() => null, (err) => err) };
}

let n = 0;
let failed = 0;
function check(name, ok, why) {
  n += 1;
  if (!ok) failed += 1;
  console.log(`${ok ? 'ok' : 'not ok'} ${n} - ${name}` + (ok ? '' : `\n# ${JSON.stringify(why)}`));
}

// Runs main() and ends the process: a call that failed unasked is a failed check too.
function run(main) {
  main().catch((err) => check('no call failed that should not', false, String(err))).then(() => {
    console.log(`1..${n}`);
    process.exit(failed ? 1 : 0);
  });
}

module.exports = { open, calls, check, run };
