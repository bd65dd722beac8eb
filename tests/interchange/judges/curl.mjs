// Reads a JSON list of curl commands, and prints what curlconverter takes each for.
import { toJsonString } from "curlconverter";

const commands = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(commands.map((command) => JSON.parse(toJsonString(command)))));
