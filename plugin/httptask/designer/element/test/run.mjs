// Bundles the tests into one temporary module, as the element is bundled, and runs it: Node 20 reads no TypeScript.
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
  // Browsers have JSON.rawJSON since 2023; Node 20 hides it behind a flag that later ones do not know.
  const flags = "rawJSON" in JSON ? [] : ["--harmony-json-parse-with-source"];
  const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test-reporter=spec", ...flags, outfile], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  await rm(folder, { recursive: true });
}
