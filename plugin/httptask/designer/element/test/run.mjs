// Bundles the tests into one temporary module and runs it, because Node 20 cannot run TypeScript.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const names = (await readdir(here)).filter((name) => name.endsWith(".test.ts")).sort();
const folder = await mkdtemp(join(tmpdir(), "element-tests-"));
try {
  const outfile = join(folder, "tests.mjs");
  await build({
    stdin: { contents: names.map((name) => `import "./${name}";`).join("\n"), resolveDir: here },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    sourcemap: "inline",
    tsconfigRaw: "{}",
    logLevel: "warning",
  });
  // Node 20 has JSON.rawJSON only with this flag, which later versions do not know.
  const flags = "rawJSON" in JSON ? [] : ["--harmony-json-parse-with-source"];
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test-reporter=spec", ...flags, outfile], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true });
}
