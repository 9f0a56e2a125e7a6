// The CNI plugin for a place without a shell, as in the ECS agent's container: its file is `#!…/lib/node` and a `require` of this.
const { join } = require('node:path');
process.argv.splice(1, 1, join(__dirname, 'turnout.cjs'), 'cni');
require('./turnout.cjs').start(__dirname);
