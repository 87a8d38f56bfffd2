#!/usr/bin/env python3
"""Plugins as files: one of another compiler and C++ library works; whatever is wrong with a file is
refused with a sentence, before any code of it runs."""
import glob
import os
import re
import shutil
import subprocess

from harness import (EX_CONFIG, SOURCE_DIR, ClusterTest, Settings, main, make_directory, report,
                     run_greyd)

CLANG = shutil.which("clang++-14") or shutil.which("clang++")
SDK = os.path.join(SOURCE_DIR, "sdk")


def build_plugin(sources, output, compiler, *flags):
    command = [compiler, "-std=c++20", "-O1", "-fPIC", "-shared", "-fvisibility=hidden",
               f"-I{SDK}/include", f"-Wl,--version-script={SDK}/cmake/plugin.exports", *flags,
               *sources, "-o", output]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


class PluginTest(ClusterTest):
    """A prefix of its own: bin/greyd and the shipped plugins but storage_memory, and an empty
    folder of more plugins that plugins.path names."""

    def setUp(self):
        self.prefix = make_directory("prefix-")
        self.addCleanup(shutil.rmtree, self.prefix)
        self.installed = os.path.join(self.prefix, "lib/grey/plugins")
        self.more = os.path.join(self.prefix, "more")
        self.marker = os.path.join(self.prefix, "code-has-run")
        for folder in (self.installed, self.more, os.path.join(self.prefix, "bin")):
            os.makedirs(folder)
            os.chmod(folder, 0o755)
        self.greyd = os.path.join(self.prefix, "bin/greyd")
        shutil.copy2(Settings.greyd(), self.greyd)
        for path in glob.glob(os.path.join(Settings.build_dir, "lib/grey/plugins/*.so")):
            if os.path.basename(path) != "storage_memory.so":
                os.chmod(shutil.copy2(path, self.installed), 0o755)
        self.shipped_memory = os.path.join(Settings.build_dir, "lib/grey/plugins/storage_memory.so")
        self.cluster = self.make_cluster(
            1, {r"replication_factor: 3": "replication_factor: 1", r"write_quorum: 2":
                "write_quorum: 1", r"read_quorum: 2": "read_quorum: 1",
                r"engine: rocksdb": "engine: memory"},
            more=f"plugins: {{path: [{self.more}]}}\n", greyd=self.greyd)
        self.node = self.cluster.nodes[0]

    def add(self, source, name="memory.so", mode=0o755):
        path = os.path.join(self.more, name)
        shutil.copyfile(source, path)
        os.chmod(path, mode)
        return path

    def refused(self, path, sentence):
        for arguments in (["--check"], []):
            status, output = run_greyd("--config", self.node.config_file, *arguments,
                                       greyd=self.greyd)
            self.assertEqual(status, EX_CONFIG, output)
            self.assertIn(path, output)
            self.assertRegex(output, sentence)
            self.assertIn("storage.engine", output)
        self.assertFalse(os.path.exists(self.marker), "code of a plugin has run")
        self.assertFalse(os.path.exists(self.node.data_dir))
        report(re.search(r"refused there: (.*)", output).group(1).replace(self.prefix, "PREFIX"))


class OtherCompiler(PluginTest):
    def test_clang_and_libcxx(self):
        if not CLANG or not glob.glob("/usr/lib/llvm-*/include/c++/v1"):
            self.skipTest("clang++ and libc++ are not installed")
        folder = os.path.join(SOURCE_DIR, "plugins/storage_memory")
        sources = [path for path in glob.glob(os.path.join(folder, "*.cc"))
                   if not path.endswith("_test.cc")]
        path = os.path.join(self.more, "memory.so")
        built = build_plugin(sources, path, CLANG, "-stdlib=libc++")
        self.assertEqual(built.returncode, 0, built.stderr)
        os.chmod(path, 0o755)
        needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, timeout=20,
                                check=True).stdout
        self.assertIn("libc++.so", needed)
        self.assertNotIn("libstdc++", needed)
        status, output = run_greyd("--config", self.node.config_file, "--check", greyd=self.greyd)
        self.assertEqual(status, 0, output)
        self.assertIn(path, output)
        self.node.start()
        self.cluster.wait_healthy()
        with self.node.client() as client:
            for number in range(500):
                self.assertEqual(client.put(f"libc++/{number:03d}", f"v{number}").status, 200)
            items, _ = client.scan_all(prefix="libc++/", limit=100)
            self.assertEqual([item["value"] for item in items], [f"v{n}" for n in range(500)])
            self.assertEqual(client.delete("libc++/000").status, 204)
            plugins = client.document("/v1/plugins")["plugins"]
        self.assertIn(path, [plugin["file"] for plugin in plugins])
        with open(f"/proc/{self.node.process.pid}/maps", encoding="utf-8") as maps:
            text = maps.read()
        self.assertIn("libc++.so", text)
        self.assertIn("libstdc++.so", text)
        self.assertEqual(self.node.stop(), 0, self.node.log()[-2000:])
        # It keeps nothing; the consensus log does, and fills it again.
        self.node.start()
        self.cluster.wait_healthy()
        with self.node.client() as client:
            self.assertEqual(client.get("libc++/499").body, b"v499")
            self.assertEqual(client.get("libc++/000").status, 404)


class Refused(PluginTest):
    def setUp(self):
        super().setUp()
        if not os.path.exists(self.shipped_memory):
            self.skipTest("storage_memory.so is not built")

    def test_good_copy_is_taken(self):
        """The other tests of this class refuse for the reason they give, and for no other."""
        self.add(self.shipped_memory)
        status, output = run_greyd("--config", self.node.config_file, "--check", greyd=self.greyd)
        self.assertEqual(status, 0, output)

    def odd_plugin(self, change=""):
        """A plugin whose code leaves `marker` behind when any of it runs. `change` is done to its
        descriptor, d."""
        source = os.path.join(self.prefix, "odd.cc")
        with open(source, "w", encoding="utf-8") as file:
            file.write('''#include <cstdio>
#include "grey/glue/plugin.h"
namespace {
const bool ran = [] { std::fclose(std::fopen("%s", "w")); return true; }();
constexpr grey::PluginDescriptor describe() {
  auto d = grey::make_descriptor({.name = "memory", .version = "1.0.0", .license = "Apache-2.0",
                                  .summary = "odd", .kind = "storage",
                                  .provides = {"grey.storage/1"}});
  %s
  return d;
}
}  // namespace
extern "C" __attribute__((section(".grey.plugin"), used, visibility("default")))
const grey::PluginDescriptor grey_plugin_descriptor = describe();
grey::Plugin* grey_plugin_create(grey::Host*, grey::ErrorText*) { return nullptr; }
''' % (self.marker, change))
        path = os.path.join(self.more, "memory.so")
        built = build_plugin([source], path, shutil.which("g++") or "c++")
        self.assertEqual(built.returncode, 0, built.stderr)
        os.chmod(path, 0o755)
        return path

    def test_the_marker_shows_that_code_ran(self):
        """The same plugin with nothing against it: a start does run its code."""
        self.odd_plugin()
        status, output = run_greyd("--config", self.node.config_file, greyd=self.greyd)
        self.assertNotEqual(status, 0, output)  # it creates nothing
        self.assertTrue(os.path.exists(self.marker), output)

    def test_other_sdk_major(self):
        path = self.odd_plugin("d.sdk_major = 9;")
        self.refused(path, r"built with SDK 9\.\d+, this greyd has SDK \d+\.\d+")

    def test_a_library_that_is_no_plugin(self):
        libraries = [path for path in glob.glob("/usr/lib/*-linux-gnu/libz.so.1*") +
                     glob.glob("/lib/*-linux-gnu/libm.so.6")]
        if not libraries:
            self.skipTest("no library to try with")
        self.refused(self.add(os.path.realpath(libraries[0])), r"no Grey plugin")

    def test_no_library_at_all(self):
        path = os.path.join(self.more, "memory.so")
        for content in (b"", b"x", b"#!/bin/sh\n", b"\x7fELF", os.urandom(5000)):
            with open(path, "wb") as file:
                file.write(content)
            os.chmod(path, 0o755)
            self.refused(path, r"memory\.so: \w+")

    def test_truncated(self):
        with open(self.shipped_memory, "rb") as file:
            content = file.read()
        path = os.path.join(self.more, "memory.so")
        for size in (64, 1000, len(content) // 2, len(content) - 1):
            with open(path, "wb") as file:
                file.write(content[:size])
            os.chmod(path, 0o755)
            self.refused(path, r"(?i)truncated|cut|short|damaged|ends|beyond|outside")

    def test_writable_by_others(self):
        path = self.odd_plugin()
        os.chmod(path, 0o777)
        self.refused(path, r"may be written to by others \(mode 0777\)")
        os.chmod(path, 0o755)
        os.chmod(self.more, 0o777)
        self.refused(self.more, r"may be written to by others \(mode 0777\)")

    def test_owned_by_somebody_else(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        path = self.odd_plugin()
        os.chown(path, 12345, 12345)
        self.refused(path, r"belongs to user 12345")

    def test_twice(self):
        self.add(self.odd_plugin(), name="another.so")
        status, output = run_greyd("--config", self.node.config_file, "--check", greyd=self.greyd)
        self.assertEqual(status, EX_CONFIG, output)
        self.assertIn("more than once", output)
        self.assertFalse(os.path.exists(self.marker), "code of a plugin has run")


if __name__ == "__main__":
    main()
