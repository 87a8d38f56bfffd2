#include "genesis_store.h"

#include "grey/glue/ref.h"

namespace grey::kv {
namespace {

constexpr char kNewPath[] = "service_kv/genesis.new";
constexpr uint64_t kMaxRecordBytes = 1 << 20;

Status write_new_file(Files* files, const std::vector<uint8_t>& bytes) {
  File* opened = nullptr;
  Status status = files->open(kNewPath, kFileCreate, &opened);
  if (!status.ok()) return status;
  const auto file = Ref<File>::adopt(opened);
  status = file->truncate(0);
  if (status.ok()) status = file->write(0, {bytes.data(), bytes.size()});
  if (status.ok()) status = file->sync();
  return status;
}

}  // namespace

Status load_genesis_record(Files* files, GenesisRecord* out) {
  File* opened = nullptr;
  Status status = files->open(kGenesisPath, kFileReadOnly, &opened);
  if (!status.ok()) return status;
  const auto file = Ref<File>::adopt(opened);
  uint64_t size = 0;
  status = file->size(&size);
  if (!status.ok()) return status;
  if (size > kMaxRecordBytes) return make_status(StatusCode::corruption, "far too long");
  std::vector<uint8_t> bytes(size);
  uint64_t got = 0;
  status = file->read(0, bytes.data(), size, &got);
  if (!status.ok()) return status;
  return decode_genesis_record({bytes.data(), got}, out);
}

Status save_genesis_record(Files* files, const GenesisRecord& record) {
  Status status = files->make_directory(kGenesisFolder);
  if (status.ok()) status = files->sync_directory("");
  if (status.ok()) status = write_new_file(files, encode_genesis_record(record));
  if (status.ok()) status = files->rename(kNewPath, kGenesisPath);
  if (status.ok()) status = files->sync_directory(kGenesisFolder);
  return status;
}

}  // namespace grey::kv
