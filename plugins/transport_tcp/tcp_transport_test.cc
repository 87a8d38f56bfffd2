#include "tcp_transport.h"

#include <gtest/gtest.h>

namespace grey::tcp {
namespace {

TEST(TcpTransport, AnswersItsInterfacesAndNoOthers) {
  Ref<TcpTransport> plugin = Ref<TcpTransport>::adopt(new TcpTransport(nullptr));
  Ref<Transport> transport = query_interface<Transport>(plugin.get());
  ASSERT_TRUE(transport);
  EXPECT_EQ(query_interface<Transport>(transport.get()).get(), transport.get());
  EXPECT_EQ(query_interface<Plugin>(transport.get()).get(), plugin.get());
  EXPECT_EQ(plugin->query("grey.storage/1"), nullptr);
}

}  // namespace
}  // namespace grey::tcp
