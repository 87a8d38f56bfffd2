// A service for tests of the API.
#ifndef GREY_PLUGINS_API_HTTP_TESTING_KV_H_
#define GREY_PLUGINS_API_HTTP_TESTING_KV_H_

#include <algorithm>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "grey/glue/plugin.h"
#include "grey/kv.h"
#include "grey/testkit/fake_host.h"

namespace grey::http {

// Answers with what the test set, and keeps what it was asked.
class FakeKv final : public testkit::Service<KvService> {
 public:
  void submit(Loop* loop, const KvRequest* request, KvDone* done) noexcept override {
    requests.push_back(*request);
    keys.push_back(string_of(view_of(request->key)));
    values.push_back(string_of(view_of(request->value)));
    most_under_way = std::max(most_under_way, ++under_way_);
    auto answer = [this, done] {
      --under_way_;
      KvResponse response = {};
      response.struct_size = sizeof(response);
      response.code = code;
      response.revision = 12;
      response.age_ms = 34;
      response.message = "because";
      const Buffer bytes = Buffer::copy_of(value);
      response.value = bytes.ref();
      done->done(&response);
    };
    if (hold) {
      held.push_back(answer);
    } else {
      post(loop, answer);
    }
  }
  void submit_range(Loop* loop, const KvRangeRequest* request,
                    KvRangeDone* done) noexcept override {
    ranges.push_back(*request);
    starts.push_back(string_of(request->start));
    ends.push_back(string_of(request->end));
    post(loop, [this, done] {
      const KvItem items[] = {{view_of("a"), view_of("1"), 5, 0},
                              {view_of("a\xff"), view_of("\xff"), 6, 0}};
      done->done(KvCode::ok, "", items, 2, true, range_age_ms);
    });
  }
  void document(Loop* loop, const char* name, KvDocumentDone* done) noexcept override {
    documents.push_back(name);
    post(loop, [done] { done->done(200, view_of("{}")); });
  }
  void act(Loop* loop, const char* name, ByteView, uint64_t deadline_ns,
           KvDocumentDone* done) noexcept override {
    act_deadline_ns = deadline_ns;
    documents.push_back(name);
    post(loop, [done] { done->done(501, view_of("{}")); });
  }

  KvCode code = KvCode::ok;
  uint64_t act_deadline_ns = 0;
  uint64_t range_age_ms = 56;
  std::string value = "bytes";
  size_t most_under_way = 0;
  bool hold = false;  // answers wait in `held` until the test calls or posts them
  std::deque<std::function<void()>> held;
  std::vector<KvRequest> requests;
  std::vector<std::string> keys, values, starts, ends, documents;
  std::vector<KvRangeRequest> ranges;

 private:
  size_t under_way_ = 0;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_TESTING_KV_H_
