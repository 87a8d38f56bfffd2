#include "memory_storage.h"

#include "grey/testkit/storage_suite.h"

namespace grey::testkit {

INSTANTIATE_TEST_SUITE_P(Memory, StorageSuite,
                         testing::Values(StorageMaker{
                             [](Host* host) { return new memory::MemoryStorage(host); }, false}));

}  // namespace grey::testkit
