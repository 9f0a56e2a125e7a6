// Stands in for node-gyp-build in the bundle: netlink's native part lies beside it.
module.exports = () => require(require('node:path').join(__dirname, 'netlink.node'));
