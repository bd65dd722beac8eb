// Loaded before the server: it listens on loopback alone, at a free port that it prints, and ends with its stdin.
const net = require("node:net");

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (...given) {
  const listening = given.find((one) => typeof one === "function");
  return listen.call(this, { port: 0, host: "127.0.0.1" }, () => {
    process.stdout.write(`${JSON.stringify({ port: this.address().port })}\n`);
    listening?.();
  });
};
process.stdin.on("end", () => process.exit()).resume();
