// The fixture of the service's tests: whole nodes that form a cluster in a world of the test's own.
#ifndef GREY_SERVICE_KV_SERVICE_FIXTURE_H_
#define GREY_SERVICE_KV_SERVICE_FIXTURE_H_

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include <functional>

#include "memory_storage.h"
#include "service.h"
#include "storage_fixture.h"
#include "testing_consensus.h"

namespace grey::kv {

using testing::Decree;
using testing::Network;
using testing::TestConsensus;
using testing::TestNode;
using testing::World;

struct Answer final : KvDone {
  void done(const KvResponse* response) noexcept override {
    ++calls;
    code = response->code;
    revision = response->revision;
    age_ms = response->age_ms;
    value = std::string(text_of(response->value));
    message = response->message;
  }
  int calls = 0;
  KvCode code = KvCode::internal;
  uint64_t revision = 0;
  uint64_t age_ms = 0;
  std::string value;
  std::string message;
};

struct RangeAnswer final : KvRangeDone {
  void done(KvCode answer, const char*, const KvItem* items, uint32_t count, bool has_more,
            uint64_t age) noexcept override {
    ++calls;
    code = answer;
    more = has_more;
    age_ms = age;
    for (uint32_t i = 0; i < count; ++i) keys.push_back(string_of(items[i].key));
  }
  int calls = 0;
  uint64_t age_ms = 0;
  KvCode code = KvCode::internal;
  bool more = false;
  std::vector<std::string> keys;
};

struct JsonAnswer final : KvDocumentDone {
  void done(uint32_t http_status, ByteView json) noexcept override {
    ++calls;
    status = http_status;
    document = boost::json::parse(std::string(text_of(json))).as_object();
  }
  int calls = 0;
  uint32_t status = 0;
  boost::json::object document;
};

struct Stopped final : Completion {
  void complete(Status) noexcept override { done = true; }
  bool done = false;
};

struct Server {
  Server(Network* network, Decree* of, uint32_t place, std::vector<std::string> peers)
      : decree(of),
        number(place),
        node(network, "host-" + std::to_string(place) + ":1", "node-" + std::to_string(place),
             static_cast<uint8_t>(place)) {
    node.peers = std::move(peers);
    node.settings["storage.shards"] = "8";
  }
  void boot(uint32_t loops) {
    node.boot(loops);
    consensus = std::make_unique<TestConsensus>(decree, node.host.get(), number);
    if (!engine)
      engine = Ref<memory::MemoryStorage>::adopt(new memory::MemoryStorage(node.host.get()));
    storage.real = Ref<Storage>::adopt(static_cast<Storage*>(engine->query(Storage::kInterfaceId)));
    node.host->interfaces[Storage::kInterfaceId] = static_cast<Storage*>(&storage);
    node.host->interfaces[Consensus::kInterfaceId] = consensus.get();
    plugin = Ref<KvPlugin>::adopt(new KvPlugin(node.host.get()));
    kv = query_interface<KvService>(plugin.get());
    service = query_interface<Service>(plugin.get());
    ErrorText error = empty_error_text();
    ASSERT_TRUE(plugin->start(&error).ok()) << error.text;
  }
  // As kill -9: nothing is told.
  void kill() {
    consensus.reset();
    node.kill();
    (void)plugin.detach();
    (void)kv.detach();
    (void)service.detach();
  }
  Loop* loop(uint32_t index = 0) { return node.host->loop(index); }

  Decree* decree;
  const uint32_t number;
  TestNode node;
  std::unique_ptr<TestConsensus> consensus;
  Ref<memory::MemoryStorage> engine;
  FaultyStorage storage;
  Ref<KvPlugin> plugin;
  Ref<KvService> kv;
  Ref<Service> service;
};

struct ServiceTest : ::testing::Test {
  void make(uint32_t count, uint32_t loops = 1, const char* factor = nullptr) {
    std::vector<std::string> peers;
    for (uint32_t i = 1; i <= count; ++i) peers.push_back("host-" + std::to_string(i) + ":1");
    for (uint32_t i = 1; i <= count; ++i) {
      servers.push_back(std::make_unique<Server>(&network, &decree, i, peers));
      for (const auto& [key, value] : settings) servers.back()->node.settings[key] = value;
      if (factor) servers.back()->node.settings["storage.replication_factor"] = factor;
      if (prepare) prepare(*servers.back());
    }
    for (auto& server : servers) server->boot(loops);
    ASSERT_TRUE(world.run_until([&] {
      for (auto& server : servers) {
        if (!server->service->ready()) return false;
      }
      return true;
    }));
    decree.lead_all(9, 1);
    world.run_for(100);
  }
  // What a test leaves under way is answered here.
  void TearDown() override {
    for (auto& server : servers) {
      if (!server->plugin) continue;
      Stopped stopped;
      server->plugin->stop(&stopped);
      EXPECT_TRUE(world.run_until([&] { return stopped.done; }));
    }
    for (auto& server : servers) {
      server->kv = {};
      server->service = {};
      server->plugin = {};
    }
  }

  static KvRequest request_for(KvOperation operation, std::string_view key,
                               std::string_view value) {
    KvRequest request{};
    request.struct_size = sizeof(request);
    request.operation = operation;
    request.key = {view_of(key).data, key.size(), nullptr};
    request.value = {view_of(value).data, value.size(), nullptr};
    return request;
  }
  void submit(uint32_t server, const KvRequest& request, Answer* answer, uint32_t loop = 0) {
    KvRequest timed = request;
    if (timed.deadline_ns == 0) timed.deadline_ns = world.now_ns + 2'000'000'000;
    Server& at = *servers[server - 1];
    at.kv->submit(at.loop(loop), &timed, answer);
  }
  Answer finish(uint32_t server, const KvRequest& request, uint32_t loop = 0) {
    Answer answer;
    submit(server, request, &answer, loop);
    EXPECT_EQ(answer.calls, 0) << "answered inside submit";
    EXPECT_TRUE(world.run_until([&] { return answer.calls != 0; }));
    EXPECT_EQ(answer.calls, 1);
    return answer;
  }
  Answer put(uint32_t server, std::string_view key, std::string_view value, uint32_t loop = 0) {
    return finish(server, request_for(KvOperation::put, key, value), loop);
  }
  Answer get(uint32_t server, std::string_view key, uint32_t loop = 0) {
    return finish(server, request_for(KvOperation::get, key, ""), loop);
  }
  JsonAnswer document(uint32_t server, const char* name) {
    JsonAnswer answer;
    Server& at = *servers[server - 1];
    const uint64_t began_ns = world.now_ns;
    at.kv->document(at.loop(), name, &answer);
    EXPECT_TRUE(world.run_until([&] { return answer.calls != 0; }));
    EXPECT_LT(world.now_ns - began_ns, 1'000'000'000u);
    return answer;
  }
  void ask_transfer(uint32_t server, const std::string& body, JsonAnswer* answer,
                    uint64_t timeout_ms = 5000) {
    Server& at = *servers[server - 1];
    at.kv->act(at.loop(), "transfer", view_of(body), world.now_ns + timeout_ms * 1'000'000, answer);
  }
  JsonAnswer transfer(uint32_t server, const std::string& body, uint64_t timeout_ms = 5000) {
    JsonAnswer answer;
    ask_transfer(server, body, &answer, timeout_ms);
    EXPECT_TRUE(world.run_until([&] { return answer.calls != 0; }, timeout_ms + 1));
    EXPECT_EQ(answer.calls, 1);
    return answer;
  }

  std::map<std::string, std::string> settings;  // of every node
  World world;
  Network network{&world};
  Decree decree{&world};
  std::function<void(Server&)> prepare;  // a server, before it is booted
  std::vector<std::unique_ptr<Server>> servers;
};

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_SERVICE_FIXTURE_H_
