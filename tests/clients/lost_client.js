// SPDX-License-Identifier: Apache-2.0
// A LiveTrace client on grpc-js that does not read: what was lost for it is in the trailer "bpfd-lost" when
// bpfd ends the call.  usage: node lost_client.js SOCKET PROTODIR   Prints "waiting", then the trailer.
'use strict';
const grpc = require('@grpc/grpc-js');
const { open } = require('./checks');

const [sock, protoDir] = process.argv.slice(2);
const api = new (open(protoDir, 'grpc_api.proto').grpc.API)('unix:' + sock, grpc.credentials.createInsecure());
const stream = api.LiveTrace({});
let reads = false;
stream.on('metadata', () => console.log('waiting'));
stream.on('data', () => { if (!reads) stream.pause(); });
stream.on('status', (status) => {
  console.log(`lost=${status.metadata.get('bpfd-lost')}`);
  process.exit(0);
});
stream.on('error', () => {});
process.on('SIGUSR1', () => { reads = true; stream.resume(); });
