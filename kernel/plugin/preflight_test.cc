#include "plugin/preflight.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "grey/glue/plugin.h"

namespace greyd {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

const std::string kGood = GREY_TEST_PLUGINS "/node/api_http.so";

Bytes read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

Preflight judge(const Bytes& bytes) {
  MemorySource source(bytes);
  return preflight_content("x.so", &source);
}

// Where the descriptor stands in a plugin's file.
size_t descriptor_at(const Bytes& bytes) {
  grey::PluginDescriptor head;
  const auto found = std::search(bytes.begin(), bytes.end(), std::begin(grey::kDescriptorMagic),
                                 std::end(grey::kDescriptorMagic));
  EXPECT_LE(sizeof(head), static_cast<size_t>(bytes.end() - found));
  return static_cast<size_t>(found - bytes.begin());
}

template <typename Change>
Preflight judge_changed(Change change) {
  Bytes bytes = read_bytes(kGood);
  grey::PluginDescriptor descriptor;
  const size_t at = descriptor_at(bytes);
  std::memcpy(&descriptor, bytes.data() + at, sizeof(descriptor));
  change(descriptor);
  std::memcpy(bytes.data() + at, &descriptor, sizeof(descriptor));
  return judge(bytes);
}

TEST(Preflight, ReadsTheDescriptorOfAGoodPlugin) {
  const Preflight result = preflight_file(kGood, ::geteuid());
  ASSERT_TRUE(result.descriptor) << result.refusal;
  EXPECT_STREQ(result.descriptor->name, "http");
  EXPECT_STREQ(result.descriptor->kind, "api");
  EXPECT_EQ(result.descriptor->option_count, 2u);
}

TEST(Preflight, NamesFileBothVersionsAndRemedyForAnotherSdk) {
  const Preflight result = preflight_file(GREY_TEST_PLUGINS "/odd/other_sdk.so", ::geteuid());
  ASSERT_FALSE(result.descriptor);
  EXPECT_THAT(result.refusal, HasSubstr("odd/other_sdk.so: is built with SDK 9."));
  EXPECT_THAT(result.refusal, HasSubstr("this greyd has SDK 0.3"));
  EXPECT_THAT(result.refusal, HasSubstr("upgrade greyd"));
}

TEST(Preflight, VersionZeroNeedsEqualMinors) {
  EXPECT_EQ(sdk_problem(grey::kSdkMajor, grey::kSdkMinor), "");
  EXPECT_THAT(sdk_problem(grey::kSdkMajor, grey::kSdkMinor + 1), HasSubstr("upgrade greyd"));
  EXPECT_THAT(sdk_problem(grey::kSdkMajor, grey::kSdkMinor - 1),
              HasSubstr(": install the plugin's build for this SDK"));
  EXPECT_NE(sdk_problem(grey::kSdkMajor + 1, grey::kSdkMinor), "");
}

// All sections share one name, a string of a mebibyte: as copies they would be gigabytes.
TEST(Preflight, LongNamesOfSectionsAreNotCopied) {
  constexpr uint64_t kSections = 4096;
  constexpr uint64_t kNames = 1 << 20;
  Bytes bytes = read_bytes(kGood);
  Elf64_Ehdr header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  header.e_shoff = sizeof(header);
  header.e_shnum = kSections;
  header.e_shstrndx = 0;
  Elf64_Shdr section = {};
  section.sh_type = SHT_STRTAB;
  section.sh_offset = sizeof(header) + kSections * sizeof(section);
  section.sh_size = kNames;
  bytes.assign(section.sh_offset + kNames, 'x');
  bytes.back() = 0;
  std::memcpy(bytes.data(), &header, sizeof(header));
  for (uint64_t i = 0; i < kSections; ++i) {
    std::memcpy(&bytes[sizeof(header) + i * sizeof(section)], &section, sizeof(section));
  }
  const auto peak_kib = [] {
    rusage usage;
    return ::getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
  };
  const long before = peak_kib();
  EXPECT_THAT(judge(bytes).refusal, HasSubstr("no section"));
  EXPECT_LT(peak_kib() - before, 256 * 1024);
}

TEST(Preflight, RunsNoCodeOfThePlugin) {
  const std::string marker = testing::TempDir() + "preflight_marker";
  std::filesystem::remove(marker);
  ::setenv("GREY_TEST_MARKER", marker.c_str(), 1);
  for (const char* folder : {"/node", "/odd"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(GREY_TEST_PLUGINS) + folder)) {
      (void)preflight_file(entry.path(), ::geteuid());
    }
  }
  ::unsetenv("GREY_TEST_MARKER");
  EXPECT_FALSE(std::filesystem::exists(marker));
}

TEST(Preflight, RefusesSharedObjectsThatAreNoPlugins) {
  EXPECT_THAT(preflight_file(GREY_TEST_PLUGINS "/odd/no_descriptor.so", ::geteuid()).refusal,
              HasSubstr("no Grey plugin"));
  EXPECT_THAT(preflight_file(GREY_TEST_PLUGINS "/odd/no_entry.so", ::geteuid()).refusal,
              HasSubstr("does not export grey_plugin_create"));
}

TEST(Preflight, RefusesOtherFilesAndMachines) {
  EXPECT_EQ(judge({}).refusal, "x.so: is not an ELF file");
  const std::string text = "#!/bin/sh\necho this is not a plugin\n";
  EXPECT_EQ(judge(Bytes(text.begin(), text.end())).refusal, "x.so: is not an ELF file");
  Bytes bytes = read_bytes(kGood);
  Bytes changed = bytes;
  changed[offsetof(Elf64_Ehdr, e_machine)] ^= 0x41;
  EXPECT_THAT(judge(changed).refusal, HasSubstr("another machine"));
  changed = bytes;
  changed[EI_CLASS] = ELFCLASS32;
  EXPECT_THAT(judge(changed).refusal, HasSubstr("64-bit"));
  changed = bytes;
  changed[offsetof(Elf64_Ehdr, e_type)] = ET_EXEC;
  EXPECT_THAT(judge(changed).refusal, HasSubstr("not a shared object"));
}

TEST(Preflight, RefusesImpossibleDescriptors) {
  EXPECT_TRUE(judge_changed([](auto&) {}).descriptor);
  EXPECT_THAT(judge_changed([](auto& d) { d.struct_size += 8; }).refusal, HasSubstr("bytes"));
  EXPECT_THAT(judge_changed([](auto& d) { std::memset(d.name, 'a', sizeof(d.name)); }).refusal,
              HasSubstr("name is not terminated"));
  EXPECT_THAT(judge_changed([](auto& d) { d.summary[0] = '\x1b'; }).refusal,
              HasSubstr("summary is not terminated printable"));
  EXPECT_THAT(judge_changed([](auto& d) { d.kind[0] = 'X'; }).refusal, HasSubstr("unknown kind"));
  EXPECT_THAT(judge_changed([](auto& d) { d.option_count = 33; }).refusal, HasSubstr("33 options"));
  EXPECT_THAT(judge_changed([](auto& d) { d.flags = 0x80; }).refusal, HasSubstr("unknown flags"));
  EXPECT_THAT(judge_changed([](auto& d) { d.magic[0] = 'g'; }).refusal, HasSubstr("GREYPLUG"));
}

// Every prefix of the file is refused with a sentence, and none is read beyond its end (which the
// sanitizers would tell).
TEST(Preflight, RefusesEveryTruncation) {
  const Bytes bytes = read_bytes(kGood);
  for (size_t size = 0; size < bytes.size(); size += size < 128 ? 1 : 61) {
    const Preflight result = judge(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
    ASSERT_FALSE(result.descriptor) << size;
    ASSERT_FALSE(result.refusal.empty()) << size;
  }
}

TEST(Preflight, SurvivesMutations) {
  const Bytes good = read_bytes(kGood);
  std::mt19937 random(1);
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof(header));
  for (int round = 0; round < 3000; ++round) {
    Bytes bytes = good;
    // Where the numbers are: the header, the table of sections; and anywhere.
    const size_t begins[] = {0, header.e_shoff, 0};
    const size_t sizes[] = {sizeof(header), header.e_shnum * sizeof(Elf64_Shdr), bytes.size()};
    for (int change = 0; change < 3; ++change) {
      const size_t part = random() % 3;
      bytes[begins[part] + random() % sizes[part]] = static_cast<uint8_t>(random());
    }
    const Preflight result = judge(bytes);
    ASSERT_NE(result.descriptor.has_value(), !result.refusal.empty());
  }
}

class PreflightFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "preflightXXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    file_ = folder_ + "/p.so";
    std::filesystem::copy_file(kGood, file_);
    ::chmod(file_.c_str(), 0755);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Preflight judge_it() { return preflight_file(file_, ::geteuid()); }

  std::string folder_;
  std::string file_;
};

TEST_F(PreflightFile, RefusesAFileThatOthersMayWrite) {
  EXPECT_TRUE(judge_it().descriptor) << judge_it().refusal;
  ::chmod(file_.c_str(), 0775);
  EXPECT_THAT(judge_it().refusal, HasSubstr("may be written to by others (mode 0775)"));
  EXPECT_THAT(judge_it().refusal, HasSubstr("chmod go-w"));
  ::chmod(file_.c_str(), 0757);
  EXPECT_FALSE(judge_it().descriptor);
}

TEST_F(PreflightFile, RefusesAFolderThatOthersMayWrite) {
  ::chmod(folder_.c_str(), 0777);
  EXPECT_THAT(judge_it().refusal, HasSubstr("its folder " + folder_));
}

// Who may write there could put another folder in the place of ours after we have looked.
TEST_F(PreflightFile, RefusesWhenOthersMayWriteAFolderFurtherUp) {
  const std::string deep = folder_ + "/a/plugins";
  std::filesystem::create_directories(deep);
  std::filesystem::copy_file(file_, deep + "/p.so");
  ASSERT_TRUE(preflight_file(deep + "/p.so", ::geteuid()).descriptor);
  ::chmod(folder_.c_str(), 0777);
  EXPECT_THAT(preflight_file(deep + "/p.so", ::geteuid()).refusal,
              HasSubstr("its folder " + folder_ + " may be written to by others"));
}

TEST_F(PreflightFile, SaysWhereTheFileReallyIs) {
  const std::string link = folder_ + "_link";
  std::filesystem::remove(link);
  std::filesystem::create_directory_symlink(folder_, link);
  const std::string name = file_.substr(file_.rfind('/'));
  EXPECT_EQ(preflight_file(link + name, ::geteuid()).path, file_);
  std::filesystem::remove(link);
}

TEST_F(PreflightFile, JudgesTheFolderBehindALink) {
  const std::string link = folder_ + "_link.so";
  std::filesystem::remove(link);
  std::filesystem::create_symlink(file_, link);
  EXPECT_TRUE(preflight_file(link, ::geteuid()).descriptor);
  ::chmod(folder_.c_str(), 0777);
  EXPECT_THAT(preflight_file(link, ::geteuid()).refusal, HasSubstr(link + " (which is " + file_));
  std::filesystem::remove(link);
}

TEST_F(PreflightFile, RefusesWhatIsNoFile) {
  EXPECT_THAT(preflight_file(folder_ + "/none.so", ::geteuid()).refusal, HasSubstr("No such file"));
  ::mkfifo((folder_ + "/pipe.so").c_str(), 0600);
  EXPECT_THAT(preflight_file(folder_ + "/pipe.so", ::geteuid()).refusal,
              HasSubstr("not a regular file"));
}

}  // namespace
}  // namespace greyd
