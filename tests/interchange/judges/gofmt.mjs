// Reads a JSON list of Go programs, and prints each as gofmt writes it; false for one that it cannot parse.
import gofmt from "gofmt.js";

const programs = JSON.parse(await new Response(process.stdin).text());
console.log(JSON.stringify(programs.map((program) => gofmt(program))));
