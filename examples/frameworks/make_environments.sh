#!/bin/sh
# make_environments.sh DIR: an environment for each framework of the examples, none of which has to live beside ours.
set -e
dir=${1:?say where to}
make() {
    name=$1
    shift
    [ -x "$dir/$name/bin/python" ] || "${PYTHON:-python3}" -m venv "$dir/$name"
    "$dir/$name/bin/python" -m pip install --quiet "$@"
}
make openai 'openai>=3'
make openai-agents 'openai-agents>=0.24'
make langgraph 'langgraph>=1.2' 'langchain-openai>=1.7'
make autogen 'autogen-agentchat>=0.7' 'autogen-ext[openai]>=0.7'
make crewai 'crewai>=1.15'
make agent-framework 'agent-framework-core>=1.23' 'agent-framework-openai>=1.17'
make agentscope 'agentscope>=2.0.10,<3'
