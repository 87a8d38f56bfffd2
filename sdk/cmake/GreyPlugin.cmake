# grey_add_plugin(NAME  ENTRY plugin.cc  SOURCES a.cc b.cc  [LIBRARIES targets...])
#
# Builds NAME.so, a plugin that exports its descriptor and its one entry point and hides everything
# else. SOURCES also become the static library NAME_objects, so that tests and the simulator can link
# the same code; ENTRY holds the descriptor and the entry point and is part of the .so only, since
# two plugins linked into one program would define the same symbols.
set(GREY_PLUGIN_EXPORTS ${CMAKE_CURRENT_LIST_DIR}/plugin.exports)
set(GREY_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/grey/plugins)

function(grey_add_plugin name)
  cmake_parse_arguments(ARG "" "ENTRY" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name}_objects STATIC ${ARG_SOURCES})
  target_link_libraries(${name}_objects PUBLIC grey::sdk ${ARG_LIBRARIES})
  target_include_directories(${name}_objects PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  set_target_properties(${name}_objects PROPERTIES CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)

  add_library(${name} MODULE ${ARG_ENTRY})
  target_link_libraries(${name} PRIVATE ${name}_objects)
  set_target_properties(${name} PROPERTIES PREFIX "" CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON LINK_DEPENDS ${GREY_PLUGIN_EXPORTS}
                        LIBRARY_OUTPUT_DIRECTORY ${GREY_PLUGIN_OUTPUT_DIRECTORY})
  target_link_options(${name} PRIVATE -Wl,--version-script=${GREY_PLUGIN_EXPORTS} -Wl,-z,defs,-z,now)
  if(GREY_SANITIZE)
    target_link_options(${name} PRIVATE -Wl,-z,undefs)
  endif()
  install(TARGETS ${name} LIBRARY DESTINATION lib/grey/plugins)
endfunction()
